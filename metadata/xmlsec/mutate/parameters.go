package mutate

import (
	"fmt"
	"net/url"
	"strings"
)

// repeated has a parameter twice, the second or the first from somewhere else, plain or with its name in escapes.
func (d Detached) repeated(l *list, b binding, good, second parameters) {
	evil := func(name string) []parameter {
		out := []parameter{{name, good.get(name)}, {name, ""}, {name, second.get(name)}}
		switch name {
		case d.Field:
			out = append(out, meant(name, b.pack(d.forged())))
		case "RelayState":
			out = append(out, meant(name, "evil"))
		case "SigAlg":
			out = append(out, meant(name, rsaSHA256), meant(name, dsig+"rsa-sha1"), meant(name, "none"))
		}
		return out
	}
	for _, name := range []string{d.Field, "RelayState", "SigAlg", "Signature"} {
		for i, p := range evil(name) {
			what := fmt.Sprintf("%s twice, %d", name, i)
			l.add(b.family, what+", last", join(good, p).String())
			l.add(b.family, what+", first", join(parameters{p}, good...).String())
			for _, written := range escapedNames(name) {
				p.name = written
				l.add(b.family, what+" as "+written+", last", join(good, p).String())
				l.add(b.family, what+" as "+written+", first", join(parameters{p}, good...).String())
			}
		}
		l.add(b.family, name+" twice, without a value", good.String()+"&"+name)
	}
	for _, other := range []string{"SAMLRequest", "SAMLResponse", "SAMLart"} {
		if other == d.Field {
			continue
		}
		for _, value := range []string{good.get(d.Field), second.get(d.Field), "", "AAQAAA%3D%3D"} {
			l.add(b.family, "and "+other+" "+quoted(value[:min(len(value), 8)])+", last", join(good, parameter{other, value}).String())
			l.add(b.family, "and "+other+" "+quoted(value[:min(len(value), 8)])+", first", join(parameters{{other, value}}, good...).String())
		}
	}
	many := strings.Repeat("&a=b", 10000)
	l.add(b.family, "10,000 parameters", good.String()+many)
	l.add(b.family, "10,000 ampersands", strings.Repeat("&", 10000)+good.String())
}

// escapedNames write a name so that one reader takes it for the name and another does not.
func escapedNames(name string) []string {
	return []string{fmt.Sprintf("%%%02X%s", name[0], name[1:]), fmt.Sprintf("%s%%%02x", name[:len(name)-1], name[len(name)-1])}
}

// renamed takes a parameter's name away.
func (d Detached) renamed(l *list, b binding, good parameters) {
	for _, name := range []string{d.Field, "RelayState", "SigAlg", "Signature"} {
		as := append(escapedNames(name), strings.ToLower(name), strings.ToUpper(name), name+"%00", name+"+", "%20"+name, name+"[]", name+"%5B0%5D", "amp%3B"+name, "x"+name, "%EF%BB%BF"+name, name+"%0A")
		for _, other := range as {
			p := parameter{name, good.get(name)}
			out := good.with(p)
			for i := range out {
				if out[i].name == name {
					out[i].name = other
				}
			}
			l.add(b.family, name+" as "+other, out.String())
		}
		l.add(b.family, name+" missing", good.without(name).String())
		l.add(b.family, name+" empty", good.with(parameter{name, ""}).String())
		l.add(b.family, name+" blank", good.with(parameter{name, "+"}).String())
		l.add(b.family, name+" with a broken escape", good.with(parameter{name, good.get(name) + "%"}).String())
		l.add(b.family, name+" with a broken escape inside", good.with(parameter{name, "%zz" + good.get(name)}).String())
		l.add(b.family, name+" with a NUL", good.with(parameter{name, good.get(name) + "%00"}).String())
		l.add(b.family, name+" in other letters", good.with(meant(name, otherCase(unescaped(good.get(name))))).String())
		l.add(b.family, name+" longer", good.with(parameter{name, good.get(name) + "A"}).String())
		l.add(b.family, name+" with a space", good.with(parameter{name, good.get(name) + "+"}).String())
		l.add(b.family, name+" twice escaped", good.with(meant(name, good.get(name)+"%")).String())
	}
	l.add(b.family, "SigAlg and Signature missing", good.without("SigAlg").without("Signature").String())
	l.add(b.family, "SigAlg and Signature empty", good.with(parameter{"SigAlg", ""}).with(parameter{"Signature", ""}).String())
	l.add(b.family, "nothing but the signature", good.without(d.Field).without("RelayState").String())
	l.add(b.family, "nothing", "")
	l.add(b.family, "semicolons", strings.ReplaceAll(good.String(), "&", ";"))
	l.add(b.family, "one semicolon", strings.Replace(good.String(), "&", ";", 1))
	l.add(b.family, "entities for ampersands", strings.ReplaceAll(good.String(), "&", "&amp;"))
	l.add(b.family, "escaped ampersands", strings.ReplaceAll(good.String(), "&", "%26"))
	l.add(b.family, "escaped equals signs", strings.ReplaceAll(good.String(), "=", "%3D"))
	l.add(b.family, "wholly escaped", url.QueryEscape(good.String()))
}

func unescaped(raw string) string {
	s, err := url.QueryUnescape(raw)
	if err != nil {
		return raw
	}
	return s
}

// swapped exchanges parameters between two good messages, and names between request and response.
func (d Detached) swapped(l *list, b binding, good, second parameters) {
	for _, name := range []string{d.Field, "Signature"} {
		l.add(b.family, name+" of another message", good.with(parameter{name, second.get(name)}).String())
	}
	l.add(b.family, "all but the message of another", second.with(parameter{d.Field, good.get(d.Field)}).String())
	l.add(b.family, "forged message", good.with(meant(d.Field, b.pack(d.forged()))).String())
	other := map[string]string{"SAMLRequest": "SAMLResponse", "SAMLResponse": "SAMLRequest"}[d.Field]
	out := good.with(parameter{d.Field, good.get(d.Field)})
	out[0].name = other
	l.add(b.family, "as "+other, out.String())
	for _, relay := range []string{"evil", d.Relay + " ", " " + d.Relay, strings.ToUpper(d.Relay), d.Relay + "&SigAlg=x", d.Relay + "\n", "\x00", "\xff", strings.Repeat("r", 1025), strings.Repeat("r", 100000)} {
		l.add(b.family, "RelayState "+quoted(relay[:min(len(relay), 24)]), good.with(meant("RelayState", relay)).String())
	}
	swap := join(good)
	for i := range swap {
		switch swap[i].name {
		case d.Field:
			swap[i].raw = good.get("RelayState")
		case "RelayState":
			swap[i].raw = good.get(d.Field)
		}
	}
	l.add(b.family, "message and RelayState swapped", swap.String())
	swap = join(good)
	for i := range swap {
		switch swap[i].name {
		case "SigAlg":
			swap[i].raw = good.get("Signature")
		case "Signature":
			swap[i].raw = good.get("SigAlg")
		}
	}
	l.add(b.family, "SigAlg and Signature swapped", swap.String())
	for _, alg := range []string{"none", "", "urn:x", dsig + "rsa-sha1", dsig + "hmac-sha1", dsig + "dsa-sha1", more + "rsa-sha384", more + "rsa-sha512", more + "rsa-md5", more + "hmac-sha256", ecdsa256, pssSHA256, rsaSHA256 + " ", "rsa-sha256", sha256URI, strings.ToUpper(rsaSHA256), rsaSHA256 + "&x"} {
		if alg != usual(d.Key) {
			l.add(b.family, "SigAlg "+alg, good.with(meant("SigAlg", alg)).String())
		}
	}
}

// escaped writes a query's values in other escapes after it was signed: the octets count, not what they mean.
func (d Detached) escaped(l *list, good parameters) {
	for _, name := range []string{d.Field, "RelayState", "SigAlg"} {
		raw := good.get(name)
		for _, v := range [][2]string{
			{"lower-case escapes", lowerEscapes(raw)}, {"one letter escaped", fmt.Sprintf("%%%02X", raw[0]) + raw[1:]}, {"every letter escaped", everyEscape(unescaped(raw))}, {"slashes bare", strings.NewReplacer("%2F", "/", "%3A", ":", "%23", "#").Replace(raw)},
			{"equals signs bare", strings.ReplaceAll(raw, "%3D", "=")}, {"plus signs bare", strings.ReplaceAll(raw, "%2B", "+")}, {"spaces in escapes", strings.ReplaceAll(raw, "+", "%20")},
		} {
			l.add("query", name+" with "+v[0], good.with(parameter{name, v[1]}).String())
		}
	}
}

func lowerEscapes(s string) string {
	for _, hex := range []string{"2B", "2F", "3D", "3A", "2C", "3B", "3F", "2E"} {
		s = strings.ReplaceAll(s, "%"+hex, "%"+strings.ToLower(hex))
	}
	return s
}

func everyEscape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}
