package saml2

import "github.com/lanyard-hub/lanyard/metadata"

// Namespaces (SAML Core 1.2).
const (
	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
)

// Methods and attribute name formats.
const (
	bearer           = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	senderVouches    = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
	nameFormatPrefix = "urn:oasis:names:tc:SAML:2.0:attrname-format:"
	formatURI        = nameFormatPrefix + "uri"
	formatBasic      = nameFormatPrefix + "basic"
	nameIDEncrypted  = "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"
)

// binding is how a message arrives or leaves.
type binding string

const (
	byRedirect   binding = metadata.BindingRedirect
	byPOST       binding = metadata.BindingPOST
	bySimpleSign binding = metadata.BindingSimpleSign
	byArtifact   binding = metadata.BindingArtifact
	bySOAP       binding = metadata.BindingSOAP
	byPAOS       binding = metadata.BindingPAOS
)
