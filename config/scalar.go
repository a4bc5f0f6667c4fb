package config

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parse turns the text of one scalar into the value of a leaf, or of one item
// of a leaf that is a list. Its errors complete the sentence "<key>: ..." and
// quote the text, except of a secret.
func (f *field) parse(text string) (reflect.Value, error) {
	typ := f.typ
	if f.list() {
		typ = typ.Elem()
	}
	switch typ {
	case reflect.TypeFor[time.Duration]():
		d, err := f.parseDuration(text)
		return reflect.ValueOf(d), err
	case reflect.TypeFor[netip.Prefix]():
		p, err := parsePrefix(text)
		return reflect.ValueOf(p), err
	case reflect.TypeFor[bool]():
		b, err := parseBool(text)
		return reflect.ValueOf(b), err
	case reflect.TypeFor[int]():
		n, err := f.parseInt(text)
		return reflect.ValueOf(n), err
	case reflect.TypeFor[Secret]():
		if text == "" {
			return reflect.ValueOf(Secret("")), errors.New("is empty")
		}
		return reflect.ValueOf(Secret(text)), nil
	default:
		s, err := f.parseText(text)
		return reflect.ValueOf(s), err
	}
}

func (f *field) parseDuration(text string) (time.Duration, error) {
	d, err := parseDuration(text, f.fallback)
	if err != nil {
		return 0, err
	}
	if least, err := parseDuration(f.min, ""); err == nil && d < least {
		return 0, fmt.Errorf("%q is too short, the least is %q", text, f.min)
	}
	if most, err := parseDuration(f.max, ""); err == nil && d > most {
		return 0, fmt.Errorf("%q is too long, the most is %q", text, f.max)
	}
	return d, nil
}

func (f *field) parseInt(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	if least, err := strconv.Atoi(f.min); err == nil && n < least {
		return 0, fmt.Errorf("%d is too small, the least is %d", n, least)
	}
	if most, err := strconv.Atoi(f.max); err == nil && n > most {
		return 0, fmt.Errorf("%d is too large, the most is %d", n, most)
	}
	return n, nil
}

func parseBool(text string) (bool, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	for _, other := range []string{"yes", "on", "1", "y"} {
		if strings.EqualFold(text, other) || strings.EqualFold(text, "true") {
			return false, fmt.Errorf("%q is not true or false, write true", text)
		}
	}
	for _, other := range []string{"no", "off", "0", "n", "false"} {
		if strings.EqualFold(text, other) {
			return false, fmt.Errorf("%q is not true or false, write false", text)
		}
	}
	return false, fmt.Errorf("%q is not true or false", text)
}

// parsePrefix reads a CIDR block in its canonical form.
func parsePrefix(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			return p, fmt.Errorf("%q is an address, write the network %q", text, netip.PrefixFrom(a, a.BitLen()))
		}
		return p, fmt.Errorf(`%q is not a network, write it like "10.0.1.0/24"`, text)
	}
	if p.Bits() == 0 {
		return p, fmt.Errorf("%q is everyone: anyone could forge X-Forwarded-For", text)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q is an address inside a network, write %q", text, p.Masked())
	}
	return p, nil
}

func (f *field) parseText(text string) (string, error) {
	if text == "" {
		return "", errors.New("is empty")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("%q contains a control character", text)
	}
	if len(f.enum) > 0 {
		return f.parseEnum(text)
	}
	switch f.format {
	case "issuer":
		return parseIssuer(text)
	case "address":
		return parseAddress(text)
	case "socket":
		return parseSocket(text)
	case "host":
		return text, checkHost(text)
	case "wildcard":
		return parseWildcard(text)
	case "ods":
		return parseODS(text)
	case "urlpath":
		return text, checkURLPath(text)
	case "eku":
		return parseEKU(text)
	case "reason":
		return text, checkReason(text)
	case "word":
		return text, checkWord(text)
	case "oid":
		return text, checkOID(text)
	case "source_url":
		return text, checkSource(text)
	case "context":
		return parseContext(text)
	case "aaguid":
		return parseAAGUID(text)
	case "keymodel":
		return parseModel(text)
	case "localized", "localized_url", "logo", "mailbox", "uri", "attribute", "geo", "instant":
		return text, f.parseDescription(text)
	default:
		return text, nil
	}
}

func (f *field) parseEnum(text string) (string, error) {
	if value, ok := f.aliases[text]; ok {
		return value, nil
	}
	if slices.Contains(f.enum, text) {
		return text, nil
	}
	message := fmt.Sprintf("%q is not one of %s", text, strings.Join(f.enum, ", "))
	if len(f.enum) == 1 {
		message = fmt.Sprintf("%q is not known, the only choice is %s", text, f.enum[0])
	} else if guess := nearest(strings.ToLower(text), f.enum); guess != "" {
		message += fmt.Sprintf(", did you mean %q?", guess)
	}
	return "", errors.New(message)
}

// checkURLPath wants segments of plain characters, each with a slash in front.
func checkURLPath(text string) error {
	if !urlPath.MatchString(text) {
		return fmt.Errorf("%q is not a path such as /openam/oauth2: segments of letters, digits, - and _, no slash at the end", text)
	}
	return nil
}

var urlPath = regexp.MustCompile(`^(/[A-Za-z0-9_-]+)+$`)
