package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	lifetime = 5 * time.Second // of a connection, where conn_max_lifetime is unset
	patience = 5 * time.Second // with one statement
	table    = "lab_grafana"
)

// database is a pool of logins, or nothing where the settings name no PostgreSQL (Grafana's own file then).
type database struct {
	pool       *pgxpool.Pool
	ok, failed atomic.Int64
}

// login opens the pool, logs in once and creates the table, as Grafana's migrations would: with whatever role the
// login assumes by itself.
func login(stop context.Context, settings *settings) (*database, error) {
	kind, place := target(settings)
	if settings.err != nil {
		return nil, settings.err
	}
	if kind != "postgres" {
		log.Printf("lab-grafana: database type %q: no server to log in to", kind)
		return &database{}, nil
	}
	config, err := pgxpool.ParseConfig(place)
	if err != nil {
		return nil, fmt.Errorf("the database settings make no address") // the error would quote them
	}
	config.MaxConnLifetime = lifetimeOf(settings)
	config.MaxConns = int32(numberOf(settings, "max_open_conn", 4))
	config.HealthCheckPeriod = time.Second
	pool, err := pgxpool.NewWithConfig(stop, config)
	if err != nil {
		return nil, err
	}
	found := &database{pool: pool}
	if err := found.create(stop); err != nil {
		pool.Close()
		return nil, fmt.Errorf("failed to connect to database: %w", err)
	}
	return found, nil
}

// target is the kind of database and its address, from `url` or from the single settings, as Grafana takes them.
func target(settings *settings) (kind, place string) {
	get := func(key, preset string) string { return settings.get("database", key, preset) }
	if said := get("url", ""); said != "" {
		kind, _, _ = strings.Cut(said, "://")
		return kind, said
	}
	address := &url.URL{Scheme: "postgres", User: url.UserPassword(get("user", "root"), get("password", ""))}
	query := url.Values{"sslmode": {get("ssl_mode", "disable")}}
	for key, named := range map[string]string{
		"ca_cert_path": "sslrootcert", "client_cert_path": "sslcert", "client_key_path": "sslkey",
	} {
		if file := get(key, ""); file != "" {
			query.Set(named, file)
		}
	}
	host := get("host", "127.0.0.1:5432")
	switch _, _, err := net.SplitHostPort(host); {
	case strings.HasPrefix(host, "/"):
		query.Set("host", host)
	case err != nil:
		address.Host = net.JoinHostPort(host, "5432")
	default:
		address.Host = host
	}
	address.Path = "/" + get("name", "grafana")
	address.RawQuery = query.Encode()
	return get("type", "sqlite3"), address.String()
}

func lifetimeOf(settings *settings) time.Duration {
	return time.Duration(numberOf(settings, "conn_max_lifetime", int(lifetime/time.Second))) * time.Second
}

func numberOf(settings *settings, key string, preset int) int {
	number, err := strconv.Atoi(settings.get("database", key, ""))
	if err != nil || number <= 0 {
		return preset
	}
	return number
}

func (d *database) close() {
	if d.pool != nil {
		d.pool.Close()
	}
}

func (d *database) create(stop context.Context) error {
	within, cancel := context.WithTimeout(stop, patience)
	defer cancel()
	_, err := d.pool.Exec(within, "CREATE TABLE IF NOT EXISTS "+table+" (id bigserial PRIMARY KEY, seen timestamptz NOT NULL DEFAULT now())")
	return err
}

// use writes a row and reads it back, and counts how that went.
func (d *database) use(stop context.Context) error {
	within, cancel := context.WithTimeout(stop, patience)
	defer cancel()
	var id int64
	err := d.pool.QueryRow(within, "INSERT INTO "+table+" DEFAULT VALUES RETURNING id").Scan(&id)
	if err == nil {
		_, err = d.pool.Exec(within, "DELETE FROM "+table+" WHERE id <= $1 - 1000", id)
	}
	if err != nil {
		d.failed.Add(1)
		return err
	}
	d.ok.Add(1)
	return nil
}

func (d *database) repeat(stop context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for d.pool != nil {
		select {
		case <-stop.Done():
			return
		case <-ticker.C:
			if err := d.use(stop); err != nil && stop.Err() == nil {
				log.Printf("lab-grafana: %v", err)
			}
		}
	}
}

func (d *database) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, r *http.Request) {
		if d.pool != nil && d.pool.Ping(r.Context()) != nil {
			reply(w, http.StatusServiceUnavailable, map[string]any{"database": "failing"})
			return
		}
		reply(w, http.StatusOK, map[string]any{"database": "ok"})
	})
	mux.HandleFunc("GET /whoami", d.whoami)
	mux.HandleFunc("GET /query", func(w http.ResponseWriter, r *http.Request) {
		if d.pool == nil {
			http.Error(w, "no database", http.StatusNotFound)
			return
		}
		status := http.StatusOK
		found := map[string]any{}
		if err := d.use(r.Context()); err != nil {
			status, found["error"] = http.StatusServiceUnavailable, err.Error()
		}
		found["ok"], found["failed"] = d.ok.Load(), d.failed.Load()
		reply(w, status, found)
	})
	return mux
}

func (d *database) whoami(w http.ResponseWriter, r *http.Request) {
	if d.pool == nil {
		http.Error(w, "no database", http.StatusNotFound)
		return
	}
	var session, current string
	if err := d.pool.QueryRow(r.Context(), "SELECT session_user, current_user").Scan(&session, &current); err != nil {
		reply(w, http.StatusServiceUnavailable, map[string]any{"error": err.Error()})
		return
	}
	reply(w, http.StatusOK, map[string]any{"session_user": session, "current_user": current})
}

func reply(w http.ResponseWriter, status int, document map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}
