package xmlsec

// Limits bounds what the gate accepts. The zero value accepts nothing: start from one of the constructors.
// Sizes are in bytes.
type Limits struct {
	MaxBytes          int  // whole document
	MaxDepth          int  // nested elements, the root being 1
	MaxElements       int  // elements in the document
	MaxAttributes     int  // attributes and namespace declarations on one element
	MaxAttributeValue int  // one attribute value as written
	MaxText           int  // one run of character data as written
	MaxNamespaces     int  // namespace declarations in scope, shadowed ones included
	Comments          bool // comments are allowed (and never become part of a text)
	CDATA             bool // CDATA sections are allowed
	CBC               bool // an element that is encrypted inside a signed message may be by AES-CBC
	InclusiveC14N     bool // signatures may use Canonical XML 1.0 and 1.1 beside the exclusive one (SAML Core 5.4.3 advises against it)

	Refused []string // URIs of algorithms of signatures and encryption that are known, and not taken all the same

	saml11        bool // the schema is that of SAML 1.1, which has an ID attribute of its own for each kind of element
	secondOpinion bool // enveloped signatures are verified by goxmldsig as well
	holder        bool // the document holds a message with a signature of its own, deeper than its root's children
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

// MessageLimits is for protocol messages after inflation.
func MessageLimits() Limits {
	return Limits{
		MaxBytes: 64 * kib, MaxDepth: 40, MaxElements: 2000, MaxAttributes: 40,
		MaxAttributeValue: 8 * kib, MaxText: 32 * kib, MaxNamespaces: 32, secondOpinion: true,
	}
}

// Holding is l for a document with another one in it, such as an ArtifactResponse, either of them or both signed. What is inside is
// to be verified as a document of its own.
func (l Limits) Holding() Limits {
	l.holder = true
	return l
}

// MetadataLimits is for the metadata of one entity. Comments and CDATA sections are common there.
// Text is larger than in messages because logos come as data: URIs.
func MetadataLimits() Limits {
	return Limits{
		MaxBytes: mib, MaxDepth: 60, MaxElements: 2000, MaxAttributes: 40,
		MaxAttributeValue: 8 * kib, MaxText: 512 * kib, MaxNamespaces: 64, Comments: true, CDATA: true,
	}
}

// TicketLimits is for legacy ticket documents, which are of SAML 1.1: a signature names a ResponseID or AssertionID (SAML 1.1 Core,
// 5.4.2).
func TicketLimits() Limits {
	l := MessageLimits()
	l.MaxBytes, l.saml11 = 256*kib, true
	return l
}
