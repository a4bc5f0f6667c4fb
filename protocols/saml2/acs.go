package saml2

import (
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
)

// reply is where the answer to an AuthnRequest goes, and how. The zero value: the reply address is not proven.
type reply struct {
	URL string
	By  binding
}

// browserReplies are the bindings that carry a Response through the browser.
func browserReplies() []binding { return []binding{byPOST, bySimpleSign, byArtifact} }

// chooseReply finds where the answer goes: the registered assertion consumer service with exactly the asked URL, or the asked
// index, or the default (SAML Core 3.4.1), among those whose binding is offered. A binding beside an index, which the clause excludes
// and a library always sends, must be that of the index. A refusal with a reply means that the partner can be told there; without
// one the reply address is not proven.
func chooseReply(sp *metadata.ServiceProvider, req authnRequest, offered []binding) (reply, *bridge.Refusal) {
	bad := bridge.Refuse(bridge.BadReplyAddress, "The app asked for the answer to go to an address that is not registered for it.")
	fallback := defaultReply(sp.ACS, offered)
	switch {
	case req.ACSURL != nil && req.ACSIndex != nil:
		return reply{}, bad.WithCode("acs_twice")
	case fallback.URL == "":
		return reply{}, bad.WithCode("no_acs")
	case req.ACSURL == nil && req.ACSIndex == nil && req.ProtocolBinding == "":
		return fallback, nil
	}
	var named, asked []metadata.IndexedEndpoint
	for _, acs := range sp.ACS {
		if req.ACSURL != nil && acs.Location != *req.ACSURL || req.ACSIndex != nil && acs.Index != *req.ACSIndex {
			continue
		}
		named = append(named, acs)
		if req.ProtocolBinding == "" || acs.Binding == req.ProtocolBinding {
			asked = append(asked, acs)
		}
	}
	if len(named) == 0 {
		return reply{}, bad
	}
	for _, by := range offered { // an address that several bindings share is used by the first that we offer
		if to := defaultReply(asked, []binding{by}); to.URL != "" && req.ACSURL != nil {
			return to, nil
		}
	}
	if to := defaultReply(asked, offered); to.URL != "" {
		return to, nil
	}
	return fallback, bridge.Refuse(bridge.UnsupportedBinding, "The app asked for its answer in a way that is not registered for it, or not offered here.")
}

// defaultReply is the default among those of an offered binding, else the first of them; zero if there is none.
func defaultReply(list []metadata.IndexedEndpoint, offered []binding) reply {
	first := reply{}
	for _, acs := range list {
		to := reply{URL: acs.Location, By: binding(acs.Binding)}
		switch {
		case !slices.Contains(offered, to.By):
		case acs.Default:
			return to
		case first.URL == "":
			first = to
		}
	}
	return first
}

// registered reports whether the partner still takes answers there, in that way.
func (to reply) registered(partner trust.Partner) bool {
	if partner.SAML == nil || partner.SAML.Entity.SP == nil || to.URL == "" {
		return false
	}
	return slices.ContainsFunc(partner.SAML.Entity.SP.ACS, func(acs metadata.IndexedEndpoint) bool {
		return acs.Location == to.URL && acs.Binding == string(to.By)
	})
}
