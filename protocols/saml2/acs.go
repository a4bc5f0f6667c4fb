package saml2

import (
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
)

// chooseACS finds where the answer goes: the registered assertion consumer service with exactly the asked URL, or the asked
// index, or the default (SAML Core 3.4.1). A refusal with a location means that the partner can be told; without one
// the reply address is not proven.
func chooseACS(sp *metadata.ServiceProvider, req authnRequest) (string, *bridge.Refusal) {
	bad := bridge.Refuse(bridge.BadReplyAddress, "The app asked for the answer to go to an address that is not registered for it.")
	fallback := defaultACS(sp)
	switch {
	case req.ACSURL != nil && req.ACSIndex != nil:
		return "", bad.WithCode("acs_twice")
	case req.ACSIndex != nil && req.ProtocolBinding != "":
		return "", bad.WithCode("acs_twice") // mutually exclusive as well
	case fallback == "":
		return "", bad.WithCode("no_acs")
	}
	wrong := bridge.Refuse(bridge.UnsupportedBinding, "Answers are given by HTTP-POST only.")
	if req.ProtocolBinding != "" && req.ProtocolBinding != metadata.BindingPOST {
		if req.ACSURL != nil && !registered(sp, *req.ACSURL) {
			return "", bad
		}
		return fallback, wrong
	}
	if req.ACSURL == nil && req.ACSIndex == nil {
		return fallback, nil
	}
	found := false
	for _, acs := range sp.ACS {
		if req.ACSURL != nil && acs.Location != *req.ACSURL || req.ACSIndex != nil && acs.Index != *req.ACSIndex {
			continue
		}
		if acs.Binding == metadata.BindingPOST {
			return acs.Location, nil
		}
		found = true
	}
	if !found {
		return "", bad
	}
	return fallback, wrong
}

func registered(sp *metadata.ServiceProvider, url string) bool {
	for _, acs := range sp.ACS {
		if acs.Location == url {
			return true
		}
	}
	return false
}

// defaultACS is the default among those that take HTTP-POST; empty if none does.
func defaultACS(sp *metadata.ServiceProvider) string {
	first := ""
	for _, acs := range sp.ACS {
		switch {
		case acs.Binding != metadata.BindingPOST:
		case acs.Default:
			return acs.Location
		case first == "":
			first = acs.Location
		}
	}
	return first
}

// takesPOST reports whether url is registered for HTTP-POST still.
func takesPOST(partner trust.Partner, url string) bool {
	if partner.SAML == nil || partner.SAML.Entity.SP == nil {
		return false
	}
	for _, acs := range partner.SAML.Entity.SP.ACS {
		if acs.Location == url && acs.Binding == metadata.BindingPOST {
			return true
		}
	}
	return false
}
