package saml2

import "github.com/lanyard-hub/lanyard/metadata"

// Namespaces (SAML Core 1.2).
const (
	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
)

// Methods and attribute name formats.
const (
	bearer      = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	formatURI   = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	formatBasic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
)

// binding is how a message arrived.
type binding string

const (
	byRedirect binding = metadata.BindingRedirect
	byPOST     binding = metadata.BindingPOST
	bySOAP     binding = metadata.BindingSOAP
)
