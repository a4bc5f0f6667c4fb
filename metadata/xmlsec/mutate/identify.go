package mutate

import (
	"fmt"
	"slices"
)

// identifying are the attributes that one reader or another takes for an ID.
var identifying = []string{"ID", "Id", "id", "xml:id"}

// identify plays with what names the signed element.
func (d Document) identify(l *list, p parts) {
	own := fmt.Sprintf(` %s="%s"`, p.idName, p.id)
	named := func(attrs string) parts {
		q := p
		q.before = replaceOnce(p.before, own, attrs)
		return q
	}
	type game struct{ name, attrs string }
	games := []game{
		{"twice", own + own}, {"twice, another first", fmt.Sprintf(` %s="other"`, p.idName) + own}, {"none", ""},
		{"empty", fmt.Sprintf(` %s=""`, p.idName)}, {"space around", fmt.Sprintf(` %s=" %s "`, p.idName, p.id)},
		{"no NCName", fmt.Sprintf(` %s="1:%s"`, p.idName, p.id)}, {"prefixed", fmt.Sprintf(` xmlns:x="urn:x" x:%s="%s"`, p.idName, p.id)},
		{"in the SAML namespace", fmt.Sprintf(` xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" a:%s="%s"`, p.idName, p.id)},
	}
	for _, name := range []string{"ID", "Id", "id", "iD", "xml:id", "xml:ID", "AssertionID", "ResponseID", "RequestID"} {
		if name == p.idName {
			continue
		}
		games = append(games, game{"only " + name, fmt.Sprintf(` %s="%s"`, name, p.id)},
			game{"other in " + p.idName + ", its own in " + name, fmt.Sprintf(` %s="other" %s="%s"`, p.idName, name, p.id)})
		if slices.Contains(identifying, name) {
			games = append(games, game{"and " + name, own + fmt.Sprintf(` %s="other"`, name)}, game{"and " + name + ", the same", own + fmt.Sprintf(` %s="%s"`, name, p.id)})
		}
	}
	for _, g := range games {
		q := named(g.attrs)
		l.add("identify", g.name, q.whole())
		if body, err := d.again(q); err == nil {
			l.add("identify", g.name+", signed again", body)
		}
	}
	d.shared(l, p)
}

// shared gives the root's ID to another element too, in every way that one may say it, where the digest does not see it and where
// it does.
func (d Document) shared(l *list, p parts) {
	for _, name := range identifying {
		twin := fmt.Sprintf(`<x:twin xmlns:x="urn:x" %s="%s"></x:twin>`, name, p.id)
		l.add("identify", "twin by "+name+" in KeyInfo", p.before+replaceOnce(p.signature, "<ds:KeyInfo>", "<ds:KeyInfo>"+twin)+p.after)
		l.add("identify", "twin by "+name+" is the Signature", p.before+replaceOnce(p.signature, "<ds:Signature ", fmt.Sprintf(`<ds:Signature %s="%s" `, name, p.id))+p.after)
		l.add("identify", "twin by "+name+" is the SignatureValue", p.before+replaceOnce(p.signature, "<ds:SignatureValue>", fmt.Sprintf(`<ds:SignatureValue %s="%s">`, name, p.id))+p.after)
		q := p
		q.after = p.extensions(twin) + p.after
		l.add("identify", "twin by "+name+" in Extensions", q.whole())
		if body, err := d.again(q); err == nil {
			l.add("identify", "twin by "+name+" in Extensions, signed again", body)
		}
	}
}
