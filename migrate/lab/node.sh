#!/bin/sh
# First process of the lab's node: a namespace of mounts, processes and networks that ends when this process does.
# node.sh FOLDER ADDRESS PREFIX GATEWAY BRIDGED
# What the kubelet and containerd insist on writing outside the lab's folder, they write into memory here: nobody
# outside sees it, and it is gone with the node.
set -eu
folder=$1 address=$2 gateway=$3

mount --make-rprivate /
mount -t proc proc /proc
for place in /run /var/log /var/lib /opt; do
  case "$folder/" in "$place"/*) continue ;; esac
  mount -t tmpfs -o mode=755 none "$place"
done
mount --bind "$folder/config/resolv.conf" /etc/resolv.conf || true

# The kubelet sets these for a whole machine. The machine is not ours: it gets to write into copies.
for name in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
  kernel/keys/root_maxbytes; do
  [ -e "/proc/sys/$name" ] || continue
  copy="/run/$(echo "$name" | tr / -)"
  cat "/proc/sys/$name" >"$copy"
  mount --bind "$copy" "/proc/sys/$name"
done

# The cable is plugged in from outside; then it and the pods hang on one bridge.
while [ ! -e /proc/sys/net/ipv4/conf/eth0 ]; do sleep 0.05; done
echo 0 >/proc/sys/net/ipv4/conf/default/rp_filter
echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects
echo 0 >/proc/sys/net/ipv4/conf/default/send_redirects
# Pods send here what is for a Service; the rules that lead it on are the node's own.
echo 1 >/proc/sys/net/ipv4/ip_forward
ip link set lo up
ip link add pods type bridge
ip link set eth0 master pods up
ip address add "$address/24" dev pods
ip link set pods up
ip route add default via "$gateway"
: >"$folder/data/node-is-up"

# Whoever is left without a parent becomes ours: the shell lets them go whenever a sleep ends.
while :; do sleep 2; done
