package oidc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

// acrClass is one acr name of CIS2 and what satisfies it here. A class that nothing satisfies has no Min.
type acrClass struct {
	name string
	min  bridge.Assurance
	meth bridge.Method
	// emergency: it is emergency access, which no sign-in is.
	emergency bool
}

// context is what the core compares.
func (c acrClass) context() bridge.AuthnContext {
	return bridge.AuthnContext{Class: c.name, Min: c.min, Method: c.meth, Emergency: c.emergency}
}

// acrClasses are the names clients send. Those of the lower levels are met by a stronger proof too;
// those of authenticators that this hub does not have are known, and never met.
func acrClasses(emergency string) []acrClass {
	out := []acrClass{
		{name: "AAL3_ANY", min: 3},
		{name: "AAL2_OR_AAL3_ANY", min: 2},
		{name: "AAL2_ANY", min: 2},
		{name: "AAL3_FIDO2", min: 3, meth: bridge.MethodFIDO2},
		{name: "AAL3_CIS2_SMARTCARD", min: 3, meth: bridge.MethodSmartcard},
		{name: "AAL3_SMARTCARD", min: 3, meth: bridge.MethodSmartcard},
		{name: "AAL3_N3_SMARTCARD"}, {name: "AAL3_IOS"}, {name: "AAL2_TOTP"}, {name: "AAL2_NHSMAIL"}, {name: "AAL1_USERPASS"},
	}
	if emergency != "" {
		out = append(out, acrClass{name: emergency, emergency: true})
	}
	return out
}

// oneMeaning refuses an acr of emergency access that a normal sign-in could be called by.
func oneMeaning(emergency string) error {
	taken := slices.ContainsFunc(acrClasses(""), func(c acrClass) bool { return c.name == emergency })
	for level := range bridge.Assurance(10) {
		taken = taken || emergency == levelACR(level)
	}
	if taken {
		return fmt.Errorf("oidc: acr %s of emergency access is that of another sign-in", emergency)
	}
	return nil
}

// known leaves out acr names that are unknown or never met, and repetitions.
func (p *Provider) known(names []string) []string {
	var out []string
	for _, c := range p.contexts(names) {
		if !slices.Contains(out, c.Class) {
			out = append(out, c.Class)
		}
	}
	return out
}

// contexts translates acr names to what the core compares; names unknown or never met are left out.
func (p *Provider) contexts(names []string) []bridge.AuthnContext {
	var out []bridge.AuthnContext
	for _, name := range names {
		for _, c := range p.acr {
			if c.name == name && (c.min > 0 || c.emergency) {
				out = append(out, c.context())
			}
		}
	}
	return out
}

// reachable leaves out what known does, and acr names that no method of this hub meets now.
func (p *Provider) reachable(names []string) []string {
	offered := p.offered()
	return slices.DeleteFunc(p.known(names), func(name string) bool { return !slices.Contains(offered, name) })
}

// offered lists the acr names that some method of this hub can meet.
func (p *Provider) offered() []string {
	out := []string{}
	for _, c := range p.acr {
		for _, o := range p.hub.Methods {
			if c.emergency || c.min > 0 && c.context().Satisfied(o.Assurance, o.Method) {
				out = append(out, c.name)
				break
			}
		}
	}
	return out
}

// acrOf is the class an ID token states: the asked one that was met, else the level that was reached.
func acrOf(iss bridge.Issuance) string {
	if iss.Class != "" {
		return iss.Class
	}
	return levelACR(iss.Assurance)
}

func levelACR(level bridge.Assurance) string { return "AAL" + strconv.Itoa(int(level)) + "_ANY" }

func words(s string) []string { return strings.Fields(s) }
