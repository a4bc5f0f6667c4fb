package saml2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

var errArtifactAnswer = errors.New("saml2: answer to an artifact is not usable")

// dereference fetches the message that an artifact in a partner's request stands for, from the artifact resolution service
// that is registered for the partner and from nowhere else. Other messages are returned as they are. With an error, from is whose artifact
// it is, if that is known: for the record.
func (p *Provider) dereference(ctx context.Context, m message) (message, error) {
	if m.by != byArtifact {
		return m, nil
	}
	a, err := readArtifact(m.artifact)
	if err != nil {
		return m, err
	}
	partner, err := p.sourceOfArtifact(a)
	if err != nil {
		return m, err
	}
	m.from = partner.ID
	service, ok := resolutionService(partner.SAML.Entity.SP, a.index)
	if !ok || p.Poster == nil {
		return m, bridge.Refuse(bridge.UnsupportedBinding, "%s has no service registered that would hand over its message.", partner.Name).WithCode("no_resolution_service")
	}
	if !p.fetching.enter(partner.ID) {
		return m, bridge.Refuse(bridge.Unavailable, "Too many messages are asked for at once, of %s or of all.", partner.Name).WithCode("artifact_busy")
	}
	defer p.fetching.leave(partner.ID)
	answer, err := p.askFor(ctx, partner, service, m.artifact)
	if err != nil {
		return m, bridge.Refuse(bridge.BadRequest, "%s did not hand over its message.", partner.Name).WithCode("artifact_answer").Because(err)
	}
	answer.relay = m.relay
	return answer, nil
}

// maxFetching is how many messages are fetched from one partner at the same time, and maxFetchingAll from all of them. Anybody can send
// artifacts of partners that do not answer: that must not take every place where requests are worked on, of which there are 32 by default.
const (
	maxFetching    = 8
	maxFetchingAll = 16
)

// fetching counts the calls to each partner. The zero value is ready.
type fetching struct {
	mu  sync.Mutex
	now map[string]int
	all int
}

// enter reports whether one more may be made; if so, leave must follow.
func (f *fetching) enter(partner string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now[partner] >= maxFetching || f.all >= maxFetchingAll {
		return false
	}
	if f.now == nil {
		f.now = map[string]int{}
	}
	f.now[partner]++
	f.all++
	return true
}

func (f *fetching) leave(partner string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.now[partner]--; f.now[partner] == 0 {
		delete(f.now, partner)
	}
}

// sourceOfArtifact finds who made an artifact.
func (p *Provider) sourceOfArtifact(a artifact) (trust.Partner, error) {
	if p.Senders == nil {
		return trust.Partner{}, bridge.Refuse(bridge.UnknownPartner, "This system is not registered with this hub.")
	}
	id, ok := p.Senders.EntityBySource(a.source)
	if !ok {
		return trust.Partner{}, bridge.Refuse(bridge.UnknownPartner, "This system is not registered with this hub.")
	}
	return p.partner(id)
}

func resolutionService(sp *metadata.ServiceProvider, index int) (string, bool) {
	for _, s := range sp.ArtifactResolution {
		if s.Index == index && s.Binding == metadata.BindingSOAP {
			return s.Location, true
		}
	}
	return "", false
}

// askFor sends a signed ArtifactResolve and takes the message out of the answer (SAML Bindings 3.6.6).
func (p *Provider) askFor(ctx context.Context, partner trust.Partner, to, text string) (message, error) {
	key, err := p.signingKey(partner)
	if err != nil {
		return message{}, err
	}
	id := p.newID()
	doc, at := p.newArtifactResolve(id, to, text)
	if doc, err = xmlsec.SignEnveloped(doc, id, at, key, p.Rand); err != nil {
		return message{}, fmt.Errorf("saml2: sign artifact request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.Hub.Limits.PerPartner)
	defer cancel()
	code, body, err := p.Poster.Post(ctx, to, soapMedia, envelope(doc))
	if err != nil {
		return message{}, fmt.Errorf("saml2: ask for message: %w", err)
	}
	if code != http.StatusOK {
		return message{}, fmt.Errorf("%w: status %d", errArtifactAnswer, code)
	}
	return p.readArtifactAnswer(body, partner, id)
}

// readArtifactAnswer takes the one message out of an ArtifactResponse of the partner. If the response is signed, the message
// counts as signed by it: its bytes are among those that were covered.
func (p *Provider) readArtifactAnswer(body []byte, partner trust.Partner, request string) (message, error) {
	inner, err := xmlsec.SOAPBody(body, xmlsec.MessageLimits().Holding())
	if err != nil {
		return message{}, fmt.Errorf("%w: %w", errArtifactAnswer, err)
	}
	root, from, err := verifyFrom(message{by: byArtifact, xml: string(inner)}, partner, p.limits().Holding())
	if err != nil {
		return message{}, fmt.Errorf("%w: %w", errArtifactAnswer, err)
	}
	top, _ := topStatus(root)
	irt, _ := root.Attr("InResponseTo")
	last := len(root.Children) - 1
	switch {
	case !root.Is(protocolSpace, artifactElement):
		return message{}, fmt.Errorf("%w: another element", errArtifactAnswer)
	case irt != request:
		return message{}, fmt.Errorf("%w: it answers another request", errArtifactAnswer)
	case top != statusPrefix+successTop:
		return message{}, fmt.Errorf("%w: %.80s", errArtifactAnswer, top)
	case last < 2 || !root.Children[last-1].Is(protocolSpace, "Status"):
		return message{}, fmt.Errorf("%w: no message in it", errArtifactAnswer)
	}
	head := &reader{e: &xmlsec.Element{Local: root.Local, Children: root.Children[:last]}}
	if head.sequence("a:Issuer", "p:Extensions", "p:Status"); head.err != nil || trimmed(root.Text()) != "" {
		return message{}, fmt.Errorf("%w: something beside the message", errArtifactAnswer)
	}
	found := root.Children[last]
	_, isAnswer := found.Attr("InResponseTo")
	return message{by: byArtifact, xml: string(found.Raw()), response: isAnswer, from: partner.ID, vouched: from.signed}, nil
}

// newArtifactResolve writes an ArtifactResolve in exclusive canonical form. at is the offset for a signature.
func (p *Provider) newArtifactResolve(id, to, text string) (doc []byte, at int) {
	w := &writer{b: make([]byte, 0, 1024)}
	w.raw(`<samlp:ArtifactResolve xmlns:samlp="`, protocolSpace, `"`)
	w.attr("Destination", to)
	w.attr("ID", id)
	w.attr("IssueInstant", string(appendInstant(nil, p.Hub.Clock())))
	w.attr("Version", "2.0")
	w.raw(">")
	w.issuer(p.EntityID, true)
	at = len(w.b)
	w.raw("<samlp:Artifact>")
	w.text(text)
	w.raw("</samlp:Artifact></samlp:ArtifactResolve>")
	return w.b, at
}
