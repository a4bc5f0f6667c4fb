package saml2

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestPolicyIsNotThePartners: nothing in a registered address becomes a directive of our page's policy.
func TestPolicyIsNotThePartners(t *testing.T) {
	for _, host := range []string{"epr.example;script-src-elem", "epr.example,script-src", "epr.example'unsafe-inline'", "*"} {
		w := newWorld(t)
		w.withOther(metadata.Endpoint{Binding: metadata.BindingPOST, Location: "https://" + host + "/slo"})
		b := w.browser()
		got := w.signOn(b, w.authn())
		w.signOn(b, w.authnOther())
		b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
		rec := b.get(w.front(*w.after).FrontURL)
		if _, posts := readPage(rec); !posts {
			t.Fatalf("%s: %d %s", host, rec.Code, w.lastReason())
		}
		if policy := rec.Header().Get("Content-Security-Policy"); strings.Contains(policy, host) || !strings.Contains(policy, "script-src 'self';") {
			t.Errorf("%s: %s", host, policy)
		}
	}
}

// TestPartnersCannotBeLinked: what two partners are told of one sign-out has no value in common, and does not say how many there are.
func TestPartnersCannotBeLinked(t *testing.T) {
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo"})
	b := w.browser()
	w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	s := must(w.store.SessionByKey(t.Context(), bridgeKey(b.jar["__Host-lanyard-session"])))
	report := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: bridge.EndedByUser}))
	seen := map[string]bool{}
	for _, d := range report.Deliveries {
		asked := w.openRedirect(d.FrontURL)
		index := asked.root.Child(protocolSpace, "SessionIndex").Text()
		for _, value := range []string{asked.relay, index, attr(asked.root, "ID")} {
			if strings.Contains(value, report.ID) || seen[d.Participant.Partner+value] {
				t.Errorf("%s is told %s", d.Participant.Partner, value)
			}
			for _, partner := range []string{spID, otherID} {
				seen[partner+value] = partner != d.Participant.Partner
			}
		}
	}
}

// keptJournal notes the artifacts that are stored.
type keptJournal struct {
	bridge.Journal
	kept *[]bridge.Artifact
}

func (j keptJournal) Commit(ctx context.Context, writes ...bridge.Write) error {
	for _, w := range writes {
		if put, ok := w.(bridge.PutArtifact); ok {
			*j.kept = append(*j.kept, put.Artifact)
		}
	}
	return j.Journal.Commit(ctx, writes...)
}

type keptArtifacts struct {
	bridge.Artifacts
	kept *[]bridge.Artifact
}

func (k keptArtifacts) Put(ctx context.Context, a bridge.Artifact, replace bool) error {
	*k.kept = append(*k.kept, a)
	return k.Artifacts.Put(ctx, a, replace)
}

// TestStrangersAreCounted: whatever a request of somebody who is not signed in has us store is of a kind that is bounded, and small.
func TestStrangersAreCounted(t *testing.T) {
	bounded := append(StrangerKinds(), bridge.KindTransaction)
	marks := func(a bridge.Artifact) bool { return a.Kind == bridge.KindReplay } // stored with a transaction
	subject := func(a *authn, name string) {
		a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `"><saml:NameID>` + name + `</saml:NameID></saml:Subject>`
	}
	audiences := func(a *authn, n int) {
		a.body = `<saml:Conditions xmlns:saml="` + assertionSpace + `"><saml:ProxyRestriction>` + strings.Repeat("<saml:Audience>"+strings.Repeat("a", 1024)+"</saml:Audience>", n) + `</saml:ProxyRestriction></saml:Conditions>`
	}
	for name, change := range map[string]func(a *authn){
		"usual":                  func(*authn) {},
		"refused by artifact":    func(a *authn) { a.attrs = ` AssertionConsumerServiceIndex="2" IsPassive="true"` },
		"refused by form":        func(a *authn) { a.attrs = ` IsPassive="true"` },
		"by artifact":            func(a *authn) { a.attrs = ` AssertionConsumerServiceIndex="2"` },
		"a name of 30,000 bytes": func(a *authn) { subject(a, strings.Repeat("n", 30000)) },
		"a name of escapes":      func(a *authn) { subject(a, strings.Repeat("&lt;", 7000)) },
		"many audiences":         func(a *authn) { audiences(a, 20) },
		"audiences that fit":     func(a *authn) { audiences(a, 4) },
	} {
		for _, post := range []bool{false, true} {
			w := newWorld(t)
			w.change(func(p *trust.Partner) { p.Terms.Subject = trust.SubjectUID })
			var kept []bridge.Artifact
			w.hub.Journal, w.hub.Artifacts = keptJournal{w.store, &kept}, keptArtifacts{w.store, &kept}
			a := w.authn()
			change(&a)
			if b := w.browser(); post {
				b.do(newForm(SSOPath, form("SAMLRequest", a.xml())), false)
			} else {
				b.do(newGet(SSOPath+"?"+redirectQuery(t, "SAMLRequest", a.xml(), "state")), true)
			}
			for _, k := range kept {
				if !slices.Contains(bounded, k.Kind) && !marks(k) {
					t.Errorf("%s: %s is stored for a stranger and not counted", name, k.Kind)
				}
				if len(k.Payload) > 12<<10 {
					t.Errorf("%s: %d bytes of %s", name, len(k.Payload), k.Kind)
				}
			}
		}
	}
}

// TestSilentPartnersHoldFewPlaces: strangers who send artifacts of many partners that do not answer take no more than half of the places
// where requests are worked on.
func TestSilentPartnersHoldFewPlaces(t *testing.T) {
	var f fetching
	var held []string
	for _, partner := range []string{"a", "b", "c", "d"} {
		for range maxFetching + 1 {
			if f.enter(partner) {
				held = append(held, partner)
			}
		}
	}
	if len(held) != maxFetchingAll || len(held) > 16 || held[0] != "a" || held[maxFetching] != "b" {
		t.Errorf("%d places: %v", len(held), held)
	}
	for _, partner := range held {
		f.leave(partner)
	}
	if !f.enter("d") {
		t.Error("places are not free again")
	}
	if f.leave("d"); len(f.now) != 0 || f.all != 0 {
		t.Errorf("%v %d", f.now, f.all)
	}
}

// TestScriptsKeepNobodyAwake: a page that has our address fetched, or put in a frame, does not keep a session from going idle.
func TestScriptsKeepNobodyAwake(t *testing.T) {
	for name, c := range map[string]struct {
		headers map[string]string
		awake   bool
	}{
		"a window":            {map[string]string{"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}, true},
		"a browser of before": {nil, true},
		"a frame":             {map[string]string{"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-site"}, false},
		"a script":            {map[string]string{"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-site"}, false},
		"an image":            {map[string]string{"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "same-site"}, false},
		"looked up ahead":     {map[string]string{"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-site", "Sec-Purpose": "prefetch"}, false},
	} {
		for _, passive := range []string{"", ` IsPassive="true"`} {
			w := newWorld(t)
			b := w.browser()
			w.signOn(b, w.authn())
			began := w.now
			w.now = w.now.Add(5 * time.Minute)
			a := w.authn()
			a.attrs = passive
			r := newGet(SSOPath + "?" + redirectQuery(t, "SAMLRequest", a.xml(), ""))
			for name, value := range c.headers {
				r.Header.Set(name, value)
			}
			b.do(r, true)
			s := must(w.store.SessionByKey(t.Context(), bridgeKey(b.jar["__Host-lanyard-session"])))
			if awake := s.Seen.After(began); awake != c.awake {
				t.Errorf("%s%s: awake %v", name, passive, awake)
			}
		}
	}
}
