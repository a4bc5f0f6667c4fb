package xmlsec

import "errors"

// Sentinels that group the codes of [Error]; compare with errors.Is.
var (
	// ErrLimits: the document is larger, deeper or wider than its [Limits] allow.
	ErrLimits = errors.New("xmlsec: limit exceeded")
	// ErrSyntax: the bytes are not the XML that the gate accepts.
	ErrSyntax = errors.New("xmlsec: not acceptable XML")
	// ErrSignature: there is no signature, it breaks the profile, or it does not verify.
	ErrSignature = errors.New("xmlsec: signature not acceptable")
	// ErrKey: a key is missing, too weak, too large or of a kind that the algorithm cannot use.
	ErrKey = errors.New("xmlsec: key not acceptable")
	// ErrEncryption: encrypted data is malformed, uses a refused algorithm or does not decrypt.
	ErrEncryption = errors.New("xmlsec: encrypted data not acceptable")
)

// Code is the stable reason that the audit log keeps. Codes are never renamed.
type Code = string

// The closed set of codes.
const (
	CodeLimits         Code = "xml_limits"
	CodeSyntax         Code = "xml_syntax"
	CodeEncoding       Code = "encoding"
	CodeDoctype        Code = "doctype"
	CodeDuplicateID    Code = "dup_id"
	CodeProfile        Code = "sig_profile"
	CodeAlgorithm      Code = "alg"
	CodeC14N           Code = "c14n"
	CodeDigest         Code = "digest"
	CodeSignature      Code = "signature"
	CodeSecondOpinion  Code = "second_opinion"
	CodeNoKey          Code = "no_key"
	CodeKey            Code = "key"
	CodeDecrypt        Code = "decrypt"
	CodeSOAPVersion    Code = "soap_version"
	CodeMustUnderstand Code = "soap_must_understand"
)

// Error is every error of this room. Detail names the rule in plain words and never quotes the document.
type Error struct {
	Code   Code
	Detail string
	Err    error
}

func (e *Error) Error() string {
	s := "xmlsec: " + e.Code + ": " + e.Detail
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the sentinel that the code belongs to.
func (e *Error) Is(target error) bool {
	switch e.Code {
	case CodeLimits:
		return target == ErrLimits
	case CodeSyntax, CodeEncoding, CodeDoctype, CodeDuplicateID, CodeSOAPVersion, CodeMustUnderstand:
		return target == ErrSyntax
	case CodeProfile, CodeC14N, CodeDigest, CodeSignature, CodeSecondOpinion, CodeAlgorithm:
		return target == ErrSignature
	case CodeNoKey, CodeKey:
		return target == ErrKey
	case CodeDecrypt:
		return target == ErrEncryption
	}
	return false
}

func fail(code Code, detail string) error { return &Error{Code: code, Detail: detail} }

func failWith(code Code, detail string, err error) error {
	return &Error{Code: code, Detail: detail, Err: err}
}
