package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// parseIssuer accepts https://host[:port], and http for hosts under
// .localhost. The identifier is compared byte by byte by every partner
// (OpenID Connect Discovery 1.0 section 4.3), so only one spelling of an
// address is accepted.
func parseIssuer(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return "", fmt.Errorf(`%q is not a URL, write it like "https://sso.trust.example"`, text)
	}
	bare := u.Scheme + "://" + u.Host
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%q must begin with https://", text)
	case u.User != nil:
		return "", errors.New("has a user name in it, leave that out")
	case strings.Contains(text, "?"):
		return "", fmt.Errorf("%q has a query, write %q", text, bare)
	case strings.Contains(text, "#"):
		return "", fmt.Errorf("%q has a fragment, write %q", text, bare)
	case u.Path == "/":
		return "", fmt.Errorf("%q has a trailing slash, write %q", text, bare)
	case u.Path != "":
		return "", fmt.Errorf("%q has a path, the hub needs a host of its own: write %q", text, bare)
	}
	if err := checkHost(u.Hostname()); err != nil {
		return "", err
	}
	if u.Scheme == "http" && !strings.HasSuffix(u.Hostname(), ".localhost") {
		return "", fmt.Errorf("%q must begin with https://; http is only for a host under .localhost", text)
	}
	if err := checkPort(u); err != nil {
		return "", err
	}
	return text, nil
}

func checkPort(u *url.URL) error {
	port := u.Port()
	switch {
	case port == "" && !strings.HasSuffix(u.Host, ":"):
		return nil
	case port == "443" && u.Scheme == "https", port == "80" && u.Scheme == "http", port == "":
		return fmt.Errorf("%q names the usual port, write %q", u.String(), u.Scheme+"://"+u.Hostname())
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("%q is not a port", port)
	}
	return nil
}

// checkHost accepts a DNS host name in lower case (RFC 1123 section 2.1), and
// no IP address.
func checkHost(host string) error {
	if _, err := netip.ParseAddr(host); err == nil || strings.Contains(host, ":") {
		return fmt.Errorf("%q is an IP address, a host name is needed: browsers bind credentials to names", host)
	}
	if lower := strings.ToLower(host); lower != host {
		return fmt.Errorf("%q has capital letters, write %q", host, lower)
	}
	if len(host) > 253 {
		return errors.New("is longer than a host name may be (253)")
	}
	label := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if !label.MatchString(l) {
			return fmt.Errorf("%q is not a host name", host)
		}
	}
	if _, err := strconv.Atoi(labels[len(labels)-1]); err == nil {
		return fmt.Errorf("%q is not a host name, nor an IP address", host)
	}
	return nil
}

// parseAddress accepts host:port where host may be empty, an address or a name.
func parseAddress(text string) (string, error) {
	if _, err := strconv.ParseUint(text, 10, 16); err == nil {
		return "", fmt.Errorf("%q is only a port, write %q", text, ":"+text)
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return "", fmt.Errorf(`%q is not an address, write it like ":443" or "10.0.8.5:443"`, text)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("%q has no valid port, it is a number up to 65535", text)
	}
	if _, err := netip.ParseAddr(host); err != nil && host != "" {
		if err := checkHost(host); err != nil {
			return "", err
		}
	}
	return text, nil
}

// maxSocketPath is the longest path of a unix socket, in bytes (Linux, unix(7)).
const maxSocketPath = 107

// unixSocket is what the address of a unix socket begins with.
const unixSocket = "unix:"

// parseSocket accepts what parseAddress does, and unix:/PATH.
func parseSocket(text string) (string, error) {
	path, ok := strings.CutPrefix(text, unixSocket)
	switch {
	case !ok:
		return parseAddress(text)
	case !filepath.IsAbs(path) || filepath.Clean(path) != path || path == "/":
		return "", fmt.Errorf(`%q is not a socket, write it like "unix:/run/lanyard/card.sock"`, text)
	case len(path) > maxSocketPath:
		return "", fmt.Errorf("%q is too long for a socket, %d bytes are the most", path, maxSocketPath)
	}
	return text, nil
}

func parseWildcard(text string) (string, error) {
	rest, ok := strings.CutPrefix(text, "*.")
	if !ok {
		return "", fmt.Errorf(`%q must begin with "*.": every attempt gets a host name of its own`, text)
	}
	return text, checkHost(rest)
}

func parseODS(text string) (string, error) {
	if upper := strings.ToUpper(text); upper != text {
		return "", fmt.Errorf("%q has small letters, write %q", text, upper)
	}
	if !regexp.MustCompile(`^[A-Z0-9]{2,10}$`).MatchString(text) {
		return "", fmt.Errorf(`%q is not an ODS code, write it like "RX1"`, text)
	}
	return text, nil
}

// Extended key usages by name: RFC 5280 section 4.2.1.12 and Microsoft's
// Smartcard logon.
const (
	ekuClientAuth     = "1.3.6.1.5.5.7.3.2"
	ekuSmartcardLogon = "1.3.6.1.4.1.311.20.2.2"
)

// parseEKU returns the dotted OID of an extended key usage.
func parseEKU(text string) (string, error) {
	switch text {
	case "client_auth":
		return ekuClientAuth, nil
	case "smartcard_logon":
		return ekuSmartcardLogon, nil
	}
	if checkOID(text) == nil {
		return text, nil
	}
	message := fmt.Sprintf("%q is neither client_auth, smartcard_logon nor a dotted OID", text)
	if guess := nearest(text, []string{"client_auth", "smartcard_logon"}); guess != "" {
		message += fmt.Sprintf(", did you mean %q?", guess)
	}
	return "", errors.New(message)
}

const aaguidPattern = `[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`

var (
	aaguidLine = regexp.MustCompile(`^` + aaguidPattern + `$`)
	modelLine  = regexp.MustCompile(`^(` + aaguidPattern + `) AAL[1-3](?: \S.*)?$`)
)

// parseAAGUID checks the name of a model of authenticators. The zero one is of many models.
func parseAAGUID(text string) (string, error) {
	switch {
	case !aaguidLine.MatchString(text):
		return "", fmt.Errorf(`%q is not an AAGUID, write it like "ee882879-721c-4913-9775-3dfcce97072a"`, text)
	case strings.Trim(text, "0-") == "":
		return "", fmt.Errorf("%q is the AAGUID of keys that hide their model", text)
	}
	return strings.ToLower(text), nil
}

// parseModel checks an AAGUID, an assurance and perhaps a name.
func parseModel(text string) (string, error) {
	m := modelLine.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf(`%q is not a model, its assurance and its name, write it like "ee882879-721c-4913-9775-3dfcce97072a AAL3 Blue key"`, text)
	}
	id, err := parseAAGUID(m[1])
	return id + text[len(m[1]):], err
}

// checkOID accepts a dotted OID of at least three numbers.
func checkOID(text string) error {
	if !regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]{0,8})){2,30}$`).MatchString(text) {
		return fmt.Errorf("%q is not a dotted OID", text)
	}
	return nil
}

// checkSource accepts where signed things are fetched: plain http too, as is usual for lists, which are believed by their signature.
func checkSource(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(text, " <>\"") {
		return fmt.Errorf(`%q is not an address, write it like "http://crl.example/cards.crl"`, text)
	}
	return nil
}

var contextLine = regexp.MustCompile(`^\S+(?: (?:AAL[1-3]|IAL[1-3]|CIS2_SMARTCARD|FIDO2|rank=[0-9]{1,2}))+$`)

// parseContext checks the words of an authentication context class; whether they agree is for the registry to say.
func parseContext(text string) (string, error) {
	if !contextLine.MatchString(text) {
		return "", fmt.Errorf(`%q is not a class and what it means, write it like "https://rx1.example/strong AAL3 IAL2"`, text)
	}
	return text, nil
}
