// lab-git serves Git repositories over HTTP, for the lab only: `git http-backend` behind the standard library's CGI.
//
// Flux reads http, https and ssh, and no git:// and no file. Everything under --root is served to anyone who reaches
// --listen, and may be pushed to where the repository's own `http.receivepack` allows it; so it listens on loopback or
// the lab's bridge and nowhere else. /healthz answers once it serves.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	listen := flag.String("listen", "127.0.0.1:0", "`address` to listen on; port 0 picks a free one")
	root := flag.String("root", "", "`folder` that holds the repositories")
	flag.Parse()
	if err := serve(*listen, *root); err != nil {
		log.Fatalf("lab-git: %v", err)
	}
}

func serve(listen, root string) error {
	handler, err := backend(root)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	log.Printf("lab-git: listening on %s", listener.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.Handle("/", handler)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	go func() {
		<-stop.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// backend answers with git's own CGI program; that repositories belong to somebody else than this process is fine here.
func backend(root string) (http.Handler, error) {
	if root == "" {
		return nil, errors.New("--root is missing")
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	place, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		return nil, fmt.Errorf("git is needed: %w", err)
	}
	return &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(place)), "git-http-backend"),
		Root: "/",
		Env: []string{
			"GIT_PROJECT_ROOT=" + absolute,
			"GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		},
		InheritEnv: []string{"PATH", "HOME"},
		Logger:     log.Default(),
	}, nil
}
