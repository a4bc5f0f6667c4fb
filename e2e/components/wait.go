package components

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// WaitURL waits until a GET of the URL is answered at all, by whatever
// status; fatal when the program ends first or within has passed.
func (p *Process) WaitURL(client *http.Client, url string, within time.Duration) {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	p.waitFor(within, "answer at "+url, func() bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			p.tb.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return true
	})
}

// WaitOutput waits until the program has written the text.
func (p *Process) WaitOutput(text string, within time.Duration) {
	p.tb.Helper()
	p.waitFor(within, "output "+text, func() bool { return strings.Contains(p.Output(), text) })
}

func (p *Process) waitFor(within time.Duration, what string, ready func() bool) {
	p.tb.Helper()
	limit := time.Now().Add(within)
	for !ready() {
		if !p.Running() {
			p.tb.Fatalf("%s ended (exit %d) before: %s", p.command.Path, p.cmd.ProcessState.ExitCode(), what)
		}
		if time.Now().After(limit) {
			p.tb.Fatalf("%s: none within %s: %s", p.command.Path, within, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
