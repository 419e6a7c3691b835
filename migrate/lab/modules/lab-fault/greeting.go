package main

import (
	"bytes"
	"sync"
)

// greeting tells what a client says is a request, from the outside: a lost answer is one to a request. A client whose
// handshake fails has asked for nothing, and neither has one that says goodbye, as psql does when it ends and everybody
// does who closes TLS in order: it may well do so only after the next one's answer was ordered to be lost.
//
// TLS is recognised by its record headers, which are never encrypted. In TLS 1.2 the first application data of the
// client is a request. In TLS 1.3 the client's last word of the handshake looks like application data too, but has the
// length of a Finished message, 53 or 69 bytes, which nothing else has that a client says before. A plain PostgreSQL
// login is over with the server's first ReadyForQuery, and PostgreSQL's goodbye is one message of five bytes. Everything
// else (HTTP) begins with a request.
type greeting struct {
	mutex    sync.Mutex
	kind     protocol
	client   records
	server   records
	sealed   bool // the server sent application data first: TLS 1.3
	finished bool // the client's Finished went by
	ready    bool // PostgreSQL said ReadyForQuery
	tail     []byte
}

type protocol int

const (
	unknown protocol = iota
	plain
	tls
	postgres
)

const (
	handshake       = 0x16
	applicationData = 0x17

	tag   = 16 // what every record in use adds to its content to seal it
	nonce = 8  // and AES-GCM in TLS 1.2 says besides
	alert = 2  // close_notify is one
)

var (
	sslRequest    = []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}
	readyForQuery = []byte{'Z', 0, 0, 0, 5}
	terminate     = []byte{'X', 0, 0, 0, 4}
)

// asked takes a piece of what the client says; true where a request, or a further part of one, begins in it.
func (g *greeting) asked(piece []byte) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.kind == unknown {
		g.kind = recognised(piece)
	}
	switch g.kind {
	case tls:
		request := false
		g.client.read(piece, func(kind byte, length int) {
			switch {
			case kind != applicationData:
			case g.sealed && !g.finished:
				g.finished = length == 53 || length == 69
			default:
				request = request || !g.goodbye(length)
			}
		})
		return request
	case postgres:
		return g.ready && !bytes.Equal(piece, terminate)
	case plain:
		return true
	default:
		return false
	}
}

// goodbye tells a record of application data whose length only PostgreSQL's goodbye has, or, in TLS 1.3, where alerts
// look like data too, a close_notify. The caller holds the mutex.
func (g *greeting) goodbye(length int) bool {
	if g.sealed {
		return length == alert+1+tag || length == len(terminate)+1+tag // one byte more: what TLS 1.3 says the type in
	}
	return length == len(terminate)+tag || length == nonce+len(terminate)+tag
}

// answered takes a piece of what the server says.
func (g *greeting) answered(piece []byte) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	switch g.kind {
	case tls:
		g.server.read(piece, func(kind byte, _ int) { g.sealed = g.sealed || kind == applicationData && !g.client.saw })
	case postgres:
		seen := append(g.tail, piece...)
		g.ready = g.ready || bytes.Contains(seen, readyForQuery)
		g.tail = bytes.Clone(seen[max(0, len(seen)-len(readyForQuery)):])
	}
}

func recognised(piece []byte) protocol {
	switch {
	case bytes.Equal(piece, sslRequest):
		return unknown // the server's answer decides, and then the client's next word
	case piece[0] == handshake:
		return tls
	case piece[0] == 0:
		return postgres
	default:
		return plain
	}
}

// records walks through TLS records, however they are cut into pieces.
type records struct {
	header []byte
	kind   byte
	left   int
	saw    bool // a record of application data
}

// read calls `each` at the start of every record with its type and length.
func (r *records) read(piece []byte, each func(kind byte, length int)) {
	for len(piece) > 0 {
		if r.left > 0 {
			step := min(r.left, len(piece))
			r.left -= step
			piece = piece[step:]
			continue
		}
		step := min(5-len(r.header), len(piece))
		r.header = append(r.header, piece[:step]...)
		piece = piece[step:]
		if len(r.header) == 5 {
			r.kind, r.left = r.header[0], int(r.header[3])<<8|int(r.header[4])
			r.header = r.header[:0]
			each(r.kind, r.left)
			r.saw = r.saw || r.kind == applicationData
		}
	}
}
