package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"
)

const validity = 30 * 24 * time.Hour

// proxy answers plain requests itself, and ends the TLS of every tunnel itself.
type proxy struct {
	authority *authority
	answers   http.Handler
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		p.tunnel(w, r)
	case r.URL.Path == "/healthz" && !r.URL.IsAbs():
		_, _ = io.WriteString(w, "ok\n")
	default:
		p.answers.ServeHTTP(w, r)
	}
}

func (p *proxy) tunnel(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		http.Error(w, "CONNECT names no port", http.StatusBadRequest)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	secured := tls.Server(conn, &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.authority.certificate(host) },
	})
	server := &http.Server{Handler: p.answers, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	_ = server.Serve(&once{conn: secured})
}

// once is a listener with a single connection.
type once struct {
	conn net.Conn
	gone bool
}

func (o *once) Accept() (net.Conn, error) {
	if o.gone {
		return nil, io.EOF
	}
	o.gone = true
	return o.conn, nil
}

func (o *once) Close() error   { return nil }
func (o *once) Addr() net.Addr { return o.conn.LocalAddr() }

// authority signs a certificate for any host, and nobody but the lab trusts it.
type authority struct {
	certificateOf *x509.Certificate
	key           *ecdsa.PrivateKey
	pem           []byte

	mutex  sync.Mutex
	signed map[string]*tls.Certificate
}

func newAuthority() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	wanted := template("migrate lab: chart repositories")
	wanted.IsCA, wanted.BasicConstraintsValid, wanted.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, wanted, wanted, key.Public(), key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &authority{
		certificateOf: parsed, key: key, signed: map[string]*tls.Certificate{},
		pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}

func (a *authority) certificate(host string) (*tls.Certificate, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if found, ok := a.signed[host]; ok {
		return found, nil
	}
	wanted := template(host)
	wanted.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if address := net.ParseIP(host); address != nil {
		wanted.IPAddresses = []net.IP{address}
	} else {
		wanted.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, wanted, a.certificateOf, a.key.Public(), a.key)
	if err != nil {
		return nil, err
	}
	a.signed[host] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}
	return a.signed[host], nil
}

func template(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails since Go 1.24
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(validity),
	}
}
