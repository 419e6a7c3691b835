// lab-charts makes every chart repository of an estate answer inside the lab, with charts of our own.
//
// It is an HTTP proxy that reaches nothing: whatever host is asked, it answers itself, over TLS with a certificate that
// its own authority signs for that host. Flux's source-controller is started with HTTPS_PROXY and HTTP_PROXY set to it
// and SSL_CERT_FILE set to the file it writes with --ca, and so the estate's own HelmRepository and OCIRepository
// objects work unchanged:
//
//	https://HOST/PATH/index.yaml   an index of what the cluster's HelmCharts ask of that repository, at a version they allow
//	https://HOST/v2/...            an OCI registry that has any chart at any tag
//
// The charts are not the ones of those names: kube-prometheus-stack and grafana render Grafana's pod from the values
// that decide what the pod is, every other chart accepts any values and renders one ConfigMap. Versions say nothing.
//
// When a HelmChart asks for something that its repository's last index did not have, the repository is annotated with
// reconcile.fluxcd.io/requestedAt, as `flux reconcile source helm` does.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	listen := flag.String("listen", "127.0.0.1:0", "`address` of the proxy; port 0 picks a free one")
	authority := flag.String("ca", "", "`file` that the authority's certificate is written to, PEM")
	kubeconfig := flag.String("kubeconfig", os.Getenv("KUBECONFIG"), "`file` to reach the cluster with")
	flag.Parse()
	if err := run(*listen, *authority, *kubeconfig); err != nil {
		log.Fatalf("lab-charts: %v", err)
	}
}

func run(listen, authorityFile, kubeconfig string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil } // never through ourselves
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	signer, err := newAuthority()
	if err != nil {
		return err
	}
	if err := os.WriteFile(authorityFile, signer.pem, 0o600); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	log.Printf("lab-charts: listening on %s", listener.Addr())
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	demand := &demand{client: client}
	go demand.watch(stop)
	return serve(stop, listener, &proxy{authority: signer, answers: &library{demand: demand}})
}

func serve(stop context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-stop.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
