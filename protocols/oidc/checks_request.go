package oidc

import (
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

func checkOnce(_ *Provider, a *authorization) *bridge.Refusal {
	why := once(a.form)
	omitEmpty(a.form)
	return why
}

func checkClient(p *Provider, a *authorization) *bridge.Refusal {
	id := a.get("client_id")
	if id == "" {
		return bridge.Refuse(bridge.UnknownPartner, "The app did not say who it is.")
	}
	c, err := p.partner(id)
	if err != nil {
		return bridge.AsRefusal(err)
	}
	a.client = c
	return nil
}

// pushedPrefix begins every request URI of this hub (RFC 9126, section 2.2).
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// checkPushed puts the parameters that were pushed in the place of those that came with the request URI: beside it only
// client_id counts. A request object that was fetched from a registered address counts as one that came with the request.
func checkPushed(p *Provider, a *authorization) *bridge.Refusal {
	uri := a.get("request_uri")
	switch {
	case uri == "":
		return nil
	case a.pushing:
		return bridge.Refuse(bridge.BadRequest, "request_uri cannot be pushed (RFC 9126, section 2.1).").WithCode("request_uri_pushed")
	case a.form.Has("request"):
		return bridge.Refuse(bridge.BadRequest, "request and request_uri exclude each other (RFC 9101, section 5).").WithCode("request_twice")
	case p.registeredObject(a) != nil:
		a.form.Set("request", a.fetched)
		a.form.Del("request_uri")
		return nil
	case !strings.HasPrefix(uri, pushedPrefix):
		return bridge.Refuse(bridge.UnsupportedRequest, "request_uri must be one that %s answered with (RFC 9126), or one of the request_uris that the client registered, letter by letter; nothing is fetched from elsewhere.", p.url(pushPath)).WithCode(codeRequestURI)
	case a.found == nil:
		return bridge.Refuse(bridge.BadRequest, "request_uri is not known for this client, has expired, or was used already. Push the request again (RFC 9126, section 4).").WithCode(codeBadRequestURI)
	}
	a.form, a.Pushed, a.signed = a.found.form(), a.found.key, a.found.Signed
	return nil
}

func checkMustPush(p *Provider, a *authorization) *bridge.Refusal {
	if (p.par || a.client.terms.Request.Pushed) && !a.pushing && a.Pushed == "" {
		return bridge.Refuse(bridge.BadRequest, "This client must push its requests to %s first (RFC 9126).", p.url(pushPath)).WithCode("par_required")
	}
	return nil
}

// checkObject puts the parameters of the request object in the place of those beside it. By RFC 9101, section 6.3, nothing beside
// it counts; by OpenID Connect Core, section 6.1, what the object lacks is taken from there.
func checkObject(p *Provider, a *authorization) *bridge.Refusal {
	raw := a.get("request")
	if !a.form.Has("request") {
		return nil
	}
	o, why := readObject(a.client, raw, a.verify)
	if why != nil {
		return why
	}
	if why := o.judge(p, a, objectRules[:]); why != nil {
		return why
	}
	form := url.Values{}
	if !o.alone {
		form = a.form
		form.Del("request")
	}
	for name, values := range o.parameters() {
		form[name] = values
	}
	omitEmpty(form)
	a.form, a.signed = form, true
	return nil
}

func checkMustSign(_ *Provider, a *authorization) *bridge.Refusal {
	if a.client.terms.Request.Signed && !a.signed {
		return bridge.Refuse(bridge.BadRequest, "This client must send its requests as signed request objects, in the parameter request (RFC 9101).").WithCode("request_object_required")
	}
	return nil
}

func checkRegistration(_ *Provider, a *authorization) *bridge.Refusal {
	if a.form.Has("registration") {
		return bridge.Refuse(bridge.UnsupportedRequest, "The parameter registration is not supported.").WithCode(codeRegistration)
	}
	return nil
}
