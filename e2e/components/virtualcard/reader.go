package virtualcard

import (
	"encoding/binary"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// Reader is vsmartcard's reader: who calls it is a card in it.
type Reader struct {
	tb   testing.TB
	pid  int // of the service, whose network the reader is in
	port int // where the reader waits for a card

	mu      sync.Mutex
	line    *exec.Cmd // to the reader
	running sync.WaitGroup
}

// NewReader is the reader of a service, empty. It is empty again when the test ends.
func NewReader(tb testing.TB, pid, port int) *Reader {
	tb.Helper()
	r := &Reader{tb: tb, pid: pid, port: port}
	tb.Cleanup(r.Remove)
	return r
}

// Insert puts a card into the empty reader.
func (r *Reader) Insert(c *Card) {
	r.tb.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	script := fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d; cat <&3 & exec cat >&3", r.port)
	line := exec.Command("nsenter", "--target", strconv.Itoa(r.pid), "--net", "bash", "-c", script)
	line.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	to, err := line.StdinPipe()
	if err != nil {
		r.tb.Fatal(err)
	}
	from, err := line.StdoutPipe()
	if err != nil {
		r.tb.Fatal(err)
	}
	if err := line.Start(); err != nil {
		r.tb.Fatal(err)
	}
	c.reset()
	r.line = line
	r.running.Go(func() { serve(from, to, c) })
}

// Remove pulls the card, if there is one.
func (r *Reader) Remove() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.line == nil {
		return
	}
	_ = syscall.Kill(-r.line.Process.Pid, syscall.SIGKILL) // gone already is fine
	r.running.Wait()
	_ = r.line.Wait() // it was killed
	r.line = nil
}

// serve answers messages until the line ends: two bytes of length, then a command of the reader (one byte) or an APDU.
func serve(from io.Reader, to io.Writer, card *Card) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(from, head[:]); err != nil {
			return
		}
		message := make([]byte, binary.BigEndian.Uint16(head[:]))
		if _, err := io.ReadFull(from, message); err != nil {
			return
		}
		var answer []byte
		switch {
		case len(message) != 1:
			answer = card.transmit(message)
		case message[0] == 4:
			answer = []byte{0x3b, 0x80, 0x80, 0x01, 0x01} // answer to reset: T=0 and T=1, no more
		default:
			card.reset() // power off, power on, reset: no answer
			continue
		}
		if _, err := to.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}
