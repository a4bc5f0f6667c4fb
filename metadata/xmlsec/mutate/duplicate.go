package mutate

import (
	"fmt"
	"strings"
)

// element cuts the first element of that name, tags included, out of canonical XML that does not nest it.
func element(s, name string) string {
	start := strings.Index(s, "<"+name+">")
	if i := strings.Index(s, "<"+name+" "); start < 0 || i >= 0 && i < start {
		start = i
	}
	end := "</" + name + ">"
	if start < 0 || strings.Index(s[start:], end) < 0 {
		return ""
	}
	return s[start : start+strings.Index(s[start:], end)+len(end)]
}

// duplicate has everything twice that may stand once.
func (d Document) duplicate(l *list, p parts) error {
	foreign, err := sealed(p, signedInfo(p, d.Other), by(d.Other), keyInfoOf(p.signature))
	if err != nil {
		return err
	}
	f := d.forged(p)
	evil, err := sealed(f, signedInfo(f, d.Other), by(d.Other), "")
	if err != nil {
		return err
	}
	theirs := element(foreign, "ds:Signature")
	evilSignature := element(evil, "ds:Signature")
	at := func(signature string) string { return p.before + signature + p.after }
	two := func(name string, first, second string) {
		l.add("duplicate", name, at(first+second))
		l.add("duplicate", name+", second last", p.before+first+insert(p.after, p.end(), second))
		l.add("duplicate", name+", second in Extensions", at(first+p.extensions(second)))
		l.add("duplicate", name+", second in an Object of the first", at(replaceOnce(first, signatureEnd, object(second)+signatureEnd)))
		l.add("duplicate", name+", second in KeyInfo of the first", at(replaceOnce(first, "<ds:KeyInfo>", "<ds:KeyInfo>"+second)))
	}
	two("signature twice", p.signature, p.signature)
	two("foreign signature first", theirs, p.signature)
	two("foreign signature second", p.signature, theirs)
	l.add("duplicate", "two signatures of a forged document", f.before+evilSignature+p.signature+f.after)
	l.add("duplicate", "two signatures of a forged document, its own last", f.before+p.signature+evilSignature+f.after)
	for _, name := range []string{"SignedInfo", "SignatureValue", "KeyInfo", "Reference", "DigestValue", "DigestMethod", "Transforms", "Transform", "CanonicalizationMethod", "SignatureMethod"} {
		own, other := element(p.signature, "ds:"+name), element(evilSignature, "ds:"+name)
		if own == "" {
			continue
		}
		if other == "" {
			other = own
		}
		l.add("duplicate", name+" twice", at(replaceOnce(p.signature, own, own+own)))
		l.add("duplicate", name+", forged first", at(replaceOnce(p.signature, own, other+own)))
		l.add("duplicate", name+", forged second", at(replaceOnce(p.signature, own, own+other)))
		l.add("duplicate", name+", forged last in the signature", at(replaceOnce(p.signature, signatureEnd, other+signatureEnd)))
		l.add("duplicate", name+" of a forged document, genuine second", f.before+replaceOnce(p.signature, own, other+own)+f.after)
		l.add("duplicate", name+" of a forged document, genuine first", f.before+replaceOnce(p.signature, own, own+other)+f.after)
	}
	if err := d.duplicateInfo(l, p, evilSignature); err != nil {
		return err
	}
	return d.duplicateChildren(l, p, f)
}

// duplicateInfo does the same inside SignedInfo, rightly signed: a registered key in the wrong hands.
func (d Document) duplicateInfo(l *list, p parts, evil string) error {
	good := signedInfo(p, d.Key)
	for _, name := range []string{"Reference", "DigestValue", "DigestMethod", "Transforms", "Transform", "CanonicalizationMethod", "SignatureMethod"} {
		own, other := element(good, "ds:"+name), element(evil, "ds:"+name)
		for _, v := range []struct{ how, with string }{{"twice", own + own}, {"forged first", other + own}, {"forged second", own + other}} {
			if v.how != "twice" && own == other {
				continue
			}
			if err := d.signedAs(l, "duplicate", fmt.Sprintf("%s %s, signed again", name, v.how), p, replaceOnce(good, own, v.with)); err != nil {
				return err
			}
		}
	}
	return nil
}

// duplicateChildren repeats what may stand once in the message.
func (d Document) duplicateChildren(l *list, p, f parts) error {
	for _, name := range d.Once {
		own, forged := element(p.bare(), name), element(f.bare(), name)
		if own == "" {
			return fmt.Errorf("%w: no %s", errDocument, name)
		}
		for _, v := range []struct{ how, with string }{{"twice", own + own}, {"forged first", forged + own}, {"forged second", own + forged}} {
			q := p
			q.before, q.after = replaceOnce(p.before, own, v.with), replaceOnce(p.after, own, v.with)
			if !strings.Contains(p.before, own) {
				q.before = p.before
			} else {
				q.after = p.after
			}
			l.add("duplicate", name+" "+v.how, q.whole())
			body, err := d.again(q.renumbered(len(l.out)))
			if err != nil {
				return err
			}
			l.add("duplicate", name+" "+v.how+", signed again", body)
		}
	}
	return nil
}

// signedAs adds p with a right signature over another SignedInfo.
func (d Document) signedAs(l *list, family, name string, p parts, info string) error {
	body, err := sealed(p, info, by(d.Key), keyInfoOf(p.signature))
	if err != nil {
		return err
	}
	l.add(family, name, body)
	return nil
}
