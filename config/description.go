package config

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// maxDescription bounds a text of the metadata, in characters (Kantara SAML2int v2, SDP-G02).
const maxDescription = 256

var (
	languagePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)
	logoPattern     = regexp.MustCompile(`^(?:([^=\s]+)=)?[1-9][0-9]{0,4}x[1-9][0-9]{0,4} (https://\S+)$`)
	geoPattern      = regexp.MustCompile(`^geo:-?[0-9]+(\.[0-9]+)?,-?[0-9]+(\.[0-9]+)?(,-?[0-9]+(\.[0-9]+)?)?$`)
)

// parseDescription checks a text that goes into the metadata as it is.
func (f *field) parseDescription(text string) error {
	if len([]rune(text)) > maxDescription {
		return fmt.Errorf("has more than %d characters, and other software may cut it", maxDescription)
	}
	switch f.format {
	case "localized":
		_, err := cutLanguage(text)
		return err
	case "localized_url":
		rest, err := cutLanguage(text)
		if err != nil {
			return err
		}
		return checkURL(rest)
	case "logo":
		return checkLogo(text)
	case "mailbox":
		return checkMailbox(text)
	case "uri":
		return checkURI(text)
	case "attribute":
		return checkAttribute(text)
	case "geo":
		if !geoPattern.MatchString(text) {
			return fmt.Errorf(`%q is not a place, write it like "geo:51.5,-0.1"`, text)
		}
	case "instant":
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return fmt.Errorf(`%q is not a time, write it like "2026-11-01T09:00:00Z"`, text)
		}
	}
	return nil
}

func cutLanguage(text string) (string, error) {
	language, rest, ok := strings.Cut(text, "=")
	switch {
	case !ok || !languagePattern.MatchString(language):
		return "", fmt.Errorf("%q does not say its language, write %q", text, "en="+text)
	case strings.TrimSpace(rest) == "":
		return "", fmt.Errorf("%q has no text behind its language", text)
	}
	return rest, nil
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || strings.ContainsAny(text, " <>\"") {
		return fmt.Errorf("%q is not the URL of a page", text)
	}
	return nil
}

func checkURI(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" || strings.ContainsAny(text, " <>\"") {
		return fmt.Errorf("%q is not an absolute URI", text)
	}
	return nil
}

func checkLogo(text string) error {
	m := logoPattern.FindStringSubmatch(text)
	if m == nil || m[1] != "" && !languagePattern.MatchString(m[1]) {
		return fmt.Errorf(`%q is not a logo, write it like "80x60 https://trust.example/logo.png"`, text)
	}
	return checkURL(m[2])
}

func checkMailbox(text string) error {
	a, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsAny(a.Address, " ?&") {
		return fmt.Errorf(`%q is not a mailbox, write it like "Service desk <help@trust.example>"`, text)
	}
	return nil
}

// checkAttribute accepts a name alone, or with a friendly name behind it.
func checkAttribute(text string) error {
	if n := len(strings.Fields(text)); n == 0 || n > 2 || strings.Join(strings.Fields(text), " ") != text {
		return fmt.Errorf("%q is not a name, nor a name and a friendly name parted by one space", text)
	}
	return nil
}

// checkMetadata looks at what belongs together in saml.metadata.
func (l *loader) checkMetadata() {
	m := l.cfg.SAML.Metadata
	const registration = "saml.metadata.registration"
	if l.good(registration+".authority") && m.Registration.Authority == "" {
		for _, key := range []string{registration + ".instant", registration + ".policy"} {
			if l.given(key) {
				l.fail(l.where(key), "%s: says nothing without %s.authority", key, registration)
			}
		}
	}
	const sirtfi, contact = "https://refeds.org/sirtfi", "saml.metadata.contacts.security"
	for _, a := range m.Assurance {
		if (a == sirtfi || a == sirtfi+"2") && len(m.Contacts.Security) == 0 && l.good(contact) {
			l.fail(l.where("saml.metadata.assurance"), "saml.metadata.assurance: %s needs a contact in %s", a, contact)
		}
	}
}
