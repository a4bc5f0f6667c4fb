// Package httpsource is the hub's way out: the one place that opens outgoing HTTP connections, with limits on
// time, size, redirects and addresses. It is used to tell partners of a logout (OIDC back-channel, SAML SOAP)
// and to fetch their keys.
//
// An address is judged when it is dialled, after the name was resolved, so that a name which resolves
// differently the second time gains nothing. Cookies, proxies from the environment and compressed bodies do
// not exist here.
package httpsource
