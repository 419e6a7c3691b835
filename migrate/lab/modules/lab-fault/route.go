package main

import (
	"fmt"
	"net"
	"sync"
	"time"
)

const silence = time.Second // after which a lost conversation is over, where nothing else was said

type behaviour struct {
	Mode    string `json:"mode"`
	DelayMS int    `json:"delay_ms"`
	Count   int    `json:"count"`
}

type state struct {
	Name        string `json:"name"`
	Listen      string `json:"listen"`
	Target      string `json:"target"`
	Mode        string `json:"mode"`
	DelayMS     int    `json:"delay_ms"`
	Count       int    `json:"count"`
	Open        int    `json:"open"`
	Connections int    `json:"connections"`
	Cut         int    `json:"cut"`
	Lost        int    `json:"lost"`
}

// route listens on one address and forwards to another, as it is told to behave.
type route struct {
	name, target, plain string // plain: where a client without TLS is led; empty for the same target
	listener            net.Listener

	mutex    sync.Mutex
	told     behaviour
	open     map[*conversation]bool
	counters struct{ connections, cut, lost int }
}

func open(name, listen, target, plain string) (*route, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, err
	}
	opened := &route{
		name: name, target: target, plain: plain, listener: listener,
		told: behaviour{Mode: "pass"}, open: map[*conversation]bool{},
	}
	go opened.accept()
	return opened, nil
}

// behave changes the mode for connections to come and for those that are open.
func (r *route) behave(wanted behaviour) error {
	switch wanted.Mode {
	case "pass", "cut", "hang", "slow", "lose":
	default:
		return fmt.Errorf("mode %q: want pass, cut, hang, slow or lose", wanted.Mode)
	}
	if wanted.DelayMS < 0 || wanted.Count < 0 {
		return fmt.Errorf("delay_ms and count are not negative")
	}
	if wanted.Mode == "lose" && wanted.Count == 0 {
		wanted.Count = 1
	}
	r.mutex.Lock()
	r.told = wanted
	ended := []*conversation{}
	if wanted.Mode == "cut" {
		for one := range r.open {
			ended = append(ended, one)
		}
		r.counters.cut += len(ended)
	}
	r.mutex.Unlock()
	for _, one := range ended {
		one.reset()
	}
	return nil
}

func (r *route) state() state {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return state{
		Name: r.name, Listen: r.listener.Addr().String(), Target: r.target,
		Mode: r.told.Mode, DelayMS: r.told.DelayMS, Count: r.told.Count,
		Open: len(r.open), Connections: r.counters.connections, Cut: r.counters.cut, Lost: r.counters.lost,
	}
}

func (r *route) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		go r.converse(client.(*net.TCPConn))
	}
}

func (r *route) converse(client *net.TCPConn) {
	talk := &conversation{route: r, client: client}
	if !r.admit(talk) {
		abort(client)
		return
	}
	defer r.leave(talk)
	target, first := r.target, []byte(nil)
	if r.plain != "" {
		target, first = r.chosen(client)
	}
	server, err := net.DialTimeout("tcp", target, 10*time.Second)
	if err != nil {
		abort(client)
		return
	}
	talk.run(server.(*net.TCPConn), first)
}

// chosen reads a client's first words, and says where somebody who begins so is led.
func (r *route) chosen(client *net.TCPConn) (string, []byte) {
	piece := make([]byte, 32<<10)
	size, err := client.Read(piece)
	if err != nil || recognised(piece[:size]) == tls {
		return r.target, piece[:size]
	}
	return r.plain, piece[:size]
}

// admit notes a new connection; false where it is to be cut at once.
func (r *route) admit(talk *conversation) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.counters.connections++
	if r.told.Mode == "cut" {
		r.counters.cut++
		r.spend()
		return false
	}
	talk.slowed = r.told.Mode == "slow" && r.told.Count > 0
	if talk.slowed {
		talk.delay = time.Duration(r.told.DelayMS) * time.Millisecond
		r.spend()
	}
	r.open[talk] = true
	return true
}

func (r *route) leave(talk *conversation) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	delete(r.open, talk)
}

// spend counts one connection of a limited mode; the caller holds the mutex.
func (r *route) spend() {
	if r.told.Count > 0 {
		if r.told.Count--; r.told.Count == 0 {
			r.told = behaviour{Mode: "pass"}
		}
	}
}

// lose says whether a request that is about to be forwarded shall stay without its answer, and after which silence
// the conversation ends.
func (r *route) lose() (bool, time.Duration) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.told.Mode != "lose" {
		return false, 0
	}
	quiet := silence
	if r.told.DelayMS > 0 {
		quiet = time.Duration(r.told.DelayMS) * time.Millisecond
	}
	r.counters.lost++
	r.spend()
	return true, quiet
}

func (r *route) now() behaviour {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.told
}

// abort closes so that the other side sees a reset, as when a machine goes away.
func abort(side *net.TCPConn) {
	_ = side.SetLinger(0)
	_ = side.Close()
}
