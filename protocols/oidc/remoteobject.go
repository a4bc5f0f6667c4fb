package oidc

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Times of request objects that are fetched. They are short: one address may hold another object a moment later.
const (
	objectFresh = 10 * time.Second // how long one is taken as it is, where the answer does not say, and how long a failure is
	objectMost  = 5 * time.Minute  // the same, whatever the answer says
)

var errObjectsBusy = errors.New("oidc: too many wait for request objects of clients")

// remoteObject is what lies at one registered address (request_uris). One fetch is in flight at a time.
type remoteObject struct {
	uri string

	mu    sync.Mutex // held while it is fetched: who waits for it has a place
	text  string
	until time.Time // text, or why there is none, is taken as it is
	why   error
}

// object is what lies at an address that the client registered; nil for any other.
func (c *client) object(uri string) *remoteObject {
	i := slices.IndexFunc(c.objects, func(o *remoteObject) bool { return o.uri == uri })
	if i < 0 {
		return nil
	}
	return c.objects[i]
}

// registeredObject is what lies at the address that a request names, if this hub fetches from it for its client: one that was registered, letter by
// letter. Nothing else is fetched; nil.
func (p *Provider) registeredObject(a *authorization) *remoteObject {
	if a.pushing || p.par || p.fetcher == nil || a.form.Has("request") {
		return nil
	}
	return a.client.object(a.get("request_uri"))
}

// loadObject fetches the request object that a request names. The rule about it is checkPushed.
func (p *Provider) loadObject(ctx context.Context, a *authorization) *bridge.Refusal {
	o := p.registeredObject(a)
	if o == nil {
		return nil
	}
	text, err := p.objectAt(ctx, a.client, o)
	switch {
	case errors.Is(err, errObjectsBusy):
		return bridge.Refuse(bridge.Unavailable, "Request objects of this client are being fetched. Try again.").WithCode("objects_busy").Because(err)
	case err != nil:
		return bridge.Refuse(bridge.BadRequest, "The request object cannot be fetched: request_uri must answer with 200, a JWT, within a few seconds and without redirect.").WithCode(codeBadRequestURI).Because(err)
	}
	a.fetched = text
	return nil
}

// objectAt is what lies at an address now, or lay there a moment ago.
func (p *Provider) objectAt(ctx context.Context, c *client, o *remoteObject) (string, error) {
	at := p.placesFor(c.stranger)
	if !at.enter() {
		return "", errObjectsBusy
	}
	defer at.leave()
	o.mu.Lock()
	defer o.mu.Unlock()
	if p.hub.Clock().Before(o.until) {
		return o.text, o.why
	}
	// It goes on when whoever asked has gone, so that nobody can spoil it by leaving.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	address, _, _ := strings.Cut(o.uri, "#") // the fragment only tells one content from the next (OpenID Connect Core 1.0, section 6.2)
	body, fresh, err := p.fetcher.Fetch(ctx, address, c.stranger)
	if fresh == 0 || err != nil {
		fresh = objectFresh
	}
	o.text, o.why, o.until = strings.TrimSpace(string(body)), err, p.hub.Clock().Add(min(fresh, objectMost))
	if err != nil || len(o.text) > maxObject {
		o.text = "" // as little of it is kept as of an empty answer, which is no JWT either
	}
	return o.text, err
}
