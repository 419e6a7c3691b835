package main

import (
	"bytes"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const held = 20 * time.Millisecond // how often a hanging conversation looks whether it may go on

// conversation is one client's connection and the one made for it to the target.
type conversation struct {
	route          *route
	client, server *net.TCPConn
	slowed         bool // by a limited slow mode that this connection was counted for
	delay          time.Duration

	mutex sync.Mutex
	ended bool
	lost  atomic.Bool
	heard atomic.Int64 // nanoseconds since the epoch, of the last bytes from either side
}

// run forwards until both sides are done; first is what the client said already.
func (c *conversation) run(server *net.TCPConn, first []byte) {
	c.mutex.Lock()
	c.server = server
	ended := c.ended
	c.mutex.Unlock()
	if ended {
		abort(server)
		return
	}
	var both sync.WaitGroup
	look := &greeting{}
	both.Add(2)
	go func() { defer both.Done(); c.ask(look, first) }()
	go func() { defer both.Done(); c.answer(look) }()
	both.Wait()
	_ = c.client.Close()
	_ = c.server.Close()
}

// reset ends the conversation as a broken line would.
func (c *conversation) reset() {
	c.mutex.Lock()
	c.ended = true
	server := c.server
	c.mutex.Unlock()
	abort(c.client)
	if server != nil {
		abort(server)
	}
}

// ask forwards what the client says.
func (c *conversation) ask(look *greeting, first []byte) {
	c.pump(io.MultiReader(bytes.NewReader(first), c.client), c.server, func(piece []byte) bool {
		if look.asked(piece) && !c.lost.Load() {
			if lose, quiet := c.route.lose(); lose {
				c.lost.Store(true)
				go c.fade(quiet)
			}
		}
		return true
	})
}

// answer forwards what the server says, late or never where that is wanted.
func (c *conversation) answer(look *greeting) {
	c.pump(c.server, c.client, func(piece []byte) bool {
		look.answered(piece)
		if c.lost.Load() {
			return false
		}
		if c.slowed {
			time.Sleep(c.delay)
		} else if told := c.route.now(); told.Mode == "slow" && told.Count == 0 {
			time.Sleep(time.Duration(told.DelayMS) * time.Millisecond)
		}
		return true
	})
}

func (c *conversation) pump(from io.Reader, to *net.TCPConn, pass func([]byte) bool) {
	piece := make([]byte, 32<<10)
	for {
		size, err := from.Read(piece)
		if size > 0 {
			c.heard.Store(time.Now().UnixNano())
			c.hang()
			if pass(piece[:size]) {
				if _, err := to.Write(piece[:size]); err != nil {
					return
				}
			}
		}
		if err != nil {
			if !c.lost.Load() {
				_ = to.CloseWrite()
			}
			return
		}
	}
}

// hang waits while the route hangs.
func (c *conversation) hang() {
	for c.route.now().Mode == "hang" {
		c.mutex.Lock()
		ended := c.ended
		c.mutex.Unlock()
		if ended {
			return
		}
		time.Sleep(held)
	}
}

// fade resets a lost conversation once both sides were silent for a while: so long the server works on the request,
// and a connection that goes away earlier would make it give up.
func (c *conversation) fade(quiet time.Duration) {
	for {
		left := quiet - time.Since(time.Unix(0, c.heard.Load()))
		if left <= 0 {
			c.reset()
			return
		}
		time.Sleep(left)
	}
}
