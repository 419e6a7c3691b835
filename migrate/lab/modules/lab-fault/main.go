// lab-fault stands between two programs of the lab and breaks their conversation on demand.
//
// It forwards TCP and understands no TLS: it has no certificate, sees no content, and what passes is untouched. One
// process holds any number of routes; each listens for itself and goes to one address.
//
//	lab-fault --control 127.0.0.1:0 --route vault=127.0.0.1:0=127.0.0.1:8200
//
// With a fourth part, another address, a route leads there whoever begins with anything but a TLS greeting: one port for
// a server that has two listeners.
//
// The control API, JSON both ways:
//
//	GET  /routes          all routes, with the addresses they really listen on and what they have done so far
//	POST /routes          {"name", "listen", "target", "plain"} adds one
//	PUT  /routes/NAME     {"mode", "delay_ms", "count"} changes how it behaves, and answers with the route
//	GET  /healthz         ok
//
// Modes: pass; cut (open connections are reset, new ones too); hang (nothing is forwarded, nothing is closed);
// slow (every piece of an answer waits delay_ms); lose (a request is forwarded, its answer is dropped, and the
// connection is reset once both sides are silent for delay_ms, a second if unset). With a count the mode holds for
// that many connections and then passes again; lose has a count of 1 if unset.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

type routes struct {
	mutex sync.Mutex
	named map[string]*route
}

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	all := &routes{named: map[string]*route{}}
	control := flag.String("control", "127.0.0.1:0", "`address` of the control API")
	flag.Func("route", "`NAME=LISTEN=TARGET[=PLAIN]`, repeatable", func(said string) error {
		parts := strings.Split(said, "=")
		if len(parts) != 3 && len(parts) != 4 {
			return errors.New("want NAME=LISTEN=TARGET or NAME=LISTEN=TARGET=PLAIN")
		}
		_, err := all.add(parts[0], parts[1], parts[2], strings.Join(parts[3:], ""))
		return err
	})
	flag.Parse()
	if err := serve(*control, all); err != nil {
		log.Fatalf("lab-fault: %v", err)
	}
}

func serve(address string, all *routes) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Printf("lab-fault: control on %s", listener.Addr())
	server := &http.Server{Handler: all.api(), ReadHeaderTimeout: 10 * time.Second}
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

func (all *routes) add(name, listen, target, plain string) (*route, error) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	if _, taken := all.named[name]; taken || name == "" {
		return nil, fmt.Errorf("route %q is there already, or has no name", name)
	}
	added, err := open(name, listen, target, plain)
	if err != nil {
		return nil, err
	}
	log.Printf("lab-fault: %s on %s to %s", name, added.listener.Addr(), target)
	all.named[name] = added
	return added, nil
}

func (all *routes) get(name string) (*route, bool) {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	found, ok := all.named[name]
	return found, ok
}

func (all *routes) states() []state {
	all.mutex.Lock()
	defer all.mutex.Unlock()
	found := []state{}
	for _, one := range all.named {
		found = append(found, one.state())
	}
	return found
}

func (all *routes) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /routes", func(w http.ResponseWriter, _ *http.Request) { answer(w, all.states()) })
	mux.HandleFunc("POST /routes", func(w http.ResponseWriter, r *http.Request) {
		var wanted struct{ Name, Listen, Target, Plain string }
		if !understood(w, r, &wanted) {
			return
		}
		added, err := all.add(wanted.Name, wanted.Listen, wanted.Target, wanted.Plain)
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		answer(w, added.state())
	})
	mux.HandleFunc("PUT /routes/{name}", func(w http.ResponseWriter, r *http.Request) {
		found, ok := all.get(r.PathValue("name"))
		if !ok {
			http.Error(w, "no such route", http.StatusNotFound)
			return
		}
		var wanted behaviour
		if !understood(w, r, &wanted) {
			return
		}
		if err := found.behave(wanted); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, found.state())
	})
	return mux
}

func understood(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func answer(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document)
}
