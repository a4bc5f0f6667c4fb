package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
)

// Notifier pings clients. It does not follow redirects.
type Notifier interface {
	// PostJSON sends a body with a bearer token and returns the status of the answer; err when there was none.
	PostJSON(ctx context.Context, target, bearer string, body []byte) (status int, err error)
}

// NotifierFunc makes a Notifier of a function.
type NotifierFunc func(ctx context.Context, target, bearer string, body []byte) (int, error)

// PostJSON implements Notifier.
func (f NotifierFunc) PostJSON(ctx context.Context, target, bearer string, body []byte) (int, error) {
	return f(ctx, target, bearer, body)
}

// Limits of pings.
const (
	pingsKept  = 1024 // that wait to be sent; beyond that clients have to poll
	pingsAtAll = 32   // sent at one time
	pingWithin = 5 * time.Second
)

// pingAgain is how long after a ping that was not taken the next one follows; after the last one the client has to poll.
var pingAgain = [...]time.Duration{2 * time.Second, 10 * time.Second, 30 * time.Second}

// pingContent is what is sealed of a client that wants to be pinged: the hub itself keeps hashes only.
type pingContent struct {
	ID    string `json:"i"` // auth_req_id
	Token string `json:"t"` // client_notification_token
}

// ping is a client that has to be told that a person has decided (CIBA Core 1.0, section 10.2).
type ping struct {
	pingContent
	client string
	tries  int
	at     time.Time
	until  time.Time // when nobody wants to know any more
}

// pings are those that are still to be sent. They do not survive the process: a client may always poll.
type pings struct {
	mu   sync.Mutex
	list []ping
}

func (q *pings) add(one ping) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) >= pingsKept {
		return false
	}
	q.list = append(q.list, one)
	return true
}

// due takes out those whose time has come.
func (q *pings) due(now time.Time) []ping {
	q.mu.Lock()
	defer q.mu.Unlock()
	var out, rest []ping
	for _, one := range q.list {
		switch {
		case !now.Before(one.until):
		case len(out) < pingsAtAll && !one.at.After(now):
			out = append(out, one)
		default:
			rest = append(rest, one)
		}
	}
	q.list = rest
	return out
}

// decided has the client told, if it wants to be. Nobody waits for that.
func (p *Provider) decided(ctx context.Context, d *decoupled) {
	var content pingContent
	if d.Ping == "" || p.later.notifier == nil {
		return
	}
	now := p.hub.Clock()
	if !p.sealer.open(sealPing, d.Ping, &content) || !p.later.pings.add(ping{pingContent: content, client: d.Client, at: now, until: time.Unix(d.Until, 0).Add(decidedLate)}) {
		p.log.WarnContext(ctx, "ping not sent; the client has to poll", "partner", d.Client)
	}
}

// SendPings sends the pings that are due. It is called again and again by a loop of the composition root.
func (p *Provider) SendPings(ctx context.Context) error {
	due := p.later.pings.due(p.hub.Clock())
	if len(due) > 0 {
		p.hub.Parallel(len(due), func(i int) { p.send(ctx, due[i]) })
	}
	return nil
}

// send sends one ping; one that was not taken comes again later. The address is that of the terms now. A redirect, or that the
// client does not know the token, is final.
func (p *Provider) send(ctx context.Context, one ping) {
	c, err := p.partner(one.client)
	if err != nil || c.terms.CIBA.Mode != trust.CIBAPing {
		return // its terms changed meanwhile
	}
	body, err := json.Marshal(map[string]string{"auth_req_id": one.ID})
	if err != nil {
		return // two strings can be written
	}
	ctx, cancel := context.WithTimeout(ctx, pingWithin)
	defer cancel()
	status, err := p.later.notifier.PostJSON(ctx, c.terms.CIBA.Endpoint, one.Token, body)
	if err == nil && status >= http.StatusOK && status < http.StatusMultipleChoices {
		return
	}
	final := err == nil && status < http.StatusInternalServerError && status != http.StatusTooManyRequests
	again := !final && one.tries < len(pingAgain)
	why := ""
	if err != nil {
		why = err.Error()
	}
	p.log.WarnContext(ctx, "client did not take a ping", "partner", one.client, "status", status, "error", why, "again", again)
	if again {
		one.at = p.hub.Clock().Add(pingAgain[one.tries])
		one.tries++
		p.later.pings.add(one)
	}
}
