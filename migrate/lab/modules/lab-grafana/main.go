// lab-grafana stands for Grafana in the lab and is not Grafana: it reads its settings exactly as Grafana's image and
// Grafana do, logs in to PostgreSQL with them, and shows who it is there. There is no dashboard.
//
// As the image's start script does: GF_X__FILE names a file whose content becomes GF_X; both set is fatal; the file is
// read once, at start. As Grafana does: grafana.ini, overridden by GF_SECTION_KEY; then $__file{PATH} and $__env{NAME}
// are expanded in every value. It ends when the first login fails, as Grafana does.
//
// Unlike Grafana, a connection lives for seconds where conn_max_lifetime is unset (there: four hours), so that the lab
// sees within seconds whether a login still works.
//
//	/api/health   200 and "database": "ok", or 503 and "failing"
//	/whoami       session_user and current_user, as the database says them now
//	/query        one more write and read; counts of those that went well and those that failed since the start
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(log.LstdFlags | log.LUTC)
	config := flag.String("config", "", "`file` read as grafana.ini; default: GF_PATHS_CONFIG, else /etc/grafana/grafana.ini")
	every := flag.Duration("every", time.Second, "how often it writes and reads by itself; 0 for only when asked")
	flag.Parse()
	if err := run(*config, *every); err != nil {
		log.Fatalf("lab-grafana: %v", err)
	}
}

func run(config string, every time.Duration) error {
	environment, err := readFiles(os.Environ(), os.ReadFile)
	if err != nil {
		return err
	}
	settings, err := readSettings(config, environment)
	if err != nil {
		return err
	}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	found, err := login(stop, settings)
	if err != nil {
		return err
	}
	defer found.close()
	if every > 0 {
		go found.repeat(stop, every)
	}
	return serve(stop, settings, found)
}

func serve(stop context.Context, settings *settings, found *database) error {
	address := net.JoinHostPort(settings.get("server", "http_addr", ""), settings.get("server", "http_port", "3000"))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	log.Printf("lab-grafana: listening on %s", listener.Addr())
	server := &http.Server{Handler: found.api(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-stop.Done()
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
