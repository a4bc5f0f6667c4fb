package bridge

import (
	"errors"
	"fmt"
)

// Reason says why a request was not answered. The set is closed: every front end has one exhaustive switch over it.
type Reason int

// The reasons.
const (
	Internal             Reason = iota // anything that is not a Refusal
	BadRequest                         // the message breaks its protocol
	BadSignature                       // a signature is wrong, missing where required, or by a key not registered
	UnknownPartner                     // nobody registered under this name
	PartnerSuspended                   // registered, but not answered now
	BadReplyAddress                    // ACS, redirect URI or return URL not registered
	Replayed                           // seen before
	Stale                              // too old, or from the future
	UnsupportedBinding                 // cannot answer in the way that was asked
	UnsupportedRequest                 // understood, but not offered
	InvalidNameIDPolicy                // the asked kind of subject identifier is not available
	UnknownSubject                     // names a subject who is not the one signed in, or does not exist
	NotAuthenticated                   // passive request, and nobody is signed in well enough
	InteractionRequired                // passive request, and a choice is needed
	AssuranceTooLow                    // the asked level or class cannot be met
	IdentityTooLow                     // the person was not proofed well enough for this partner
	AuthenticationFailed               // the proof was not accepted, or the subject gave up
	CredentialMissing                  // no card or key was presented
	CredentialExpired                  // out of its dates
	CredentialRevoked                  // revoked by its issuer or by the Registration Authority
	CredentialUntrusted                // chain, usage or format not acceptable
	CredentialUnknown                  // good, but registered to nobody here
	RevocationUnknown                  // whether it is revoked cannot be told now
	NoRole                             // the subject has no open role profile
	RoleNotAllowed                     // the role is not held, not open, or not accepted by the partner's terms
	SessionExpired                     // idle or absolute limit passed, or ended elsewhere
	TransactionGone                    // sign-on no longer in progress: finished, expired, or begun in another browser
	BadClient                          // client authentication failed
	BadGrant                           // code, refresh token or ticket not valid
	Throttled                          // too much at once
	Unavailable                        // the store or another part does not answer
)

var reasonCodes = [...]string{
	Internal: "internal", BadRequest: "bad_request", BadSignature: "bad_signature", UnknownPartner: "unknown_partner",
	PartnerSuspended: "partner_suspended", BadReplyAddress: "bad_reply_address", Replayed: "replayed_request", Stale: "stale_request",
	UnsupportedBinding: "unsupported_binding", UnsupportedRequest: "unsupported_request", InvalidNameIDPolicy: "invalid_nameid_policy",
	UnknownSubject: "unknown_subject", NotAuthenticated: "not_authenticated", InteractionRequired: "interaction_required",
	AssuranceTooLow: "assurance_too_low", IdentityTooLow: "identity_too_low", AuthenticationFailed: "authentication_failed",
	CredentialMissing: "credential_missing", CredentialExpired: "credential_expired", CredentialRevoked: "credential_revoked",
	CredentialUntrusted: "credential_untrusted", CredentialUnknown: "credential_unknown", RevocationUnknown: "revocation_unknown",
	NoRole: "no_role", RoleNotAllowed: "role_not_allowed", SessionExpired: "session_expired", TransactionGone: "transaction_gone",
	BadClient: "bad_client", BadGrant: "bad_grant", Throttled: "throttled", Unavailable: "unavailable",
}

// String is the stable code written to the audit record.
func (r Reason) String() string {
	if r < 0 || int(r) >= len(reasonCodes) {
		return reasonCodes[Internal]
	}
	return reasonCodes[r]
}

// Refusal is a decision not to answer. It is the only error a front end translates; all others are Internal.
type Refusal struct {
	Reason Reason
	Code   string // finer stable code for the audit record, e.g. "dup_id"; empty: the reason's own
	Detail string // may be shown to the person or the partner
	Err    error  // never shown
	// Of a proof that was not accepted: whose credential it was and what was relied upon, for the audit record alone.
	Subject  string
	Evidence map[string]string
	Alarm    string // why somebody must look at it, as a stable code; empty: nobody need
}

// Refuse makes a Refusal whose detail may be shown.
func Refuse(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// Because returns a copy that carries the cause.
func (r *Refusal) Because(err error) *Refusal {
	c := *r
	c.Err = err
	return &c
}

// WithCode returns a copy with a finer audit code.
func (r *Refusal) WithCode(code string) *Refusal {
	c := *r
	c.Code = code
	return &c
}

// About returns a copy that names the proof for the audit record.
func (r *Refusal) About(p Proof) *Refusal {
	c := *r
	c.Subject, c.Evidence = p.UID, p.Evidence
	return &c
}

// Alarming returns a copy that raises an alarm of this code.
func (r *Refusal) Alarming(code string) *Refusal {
	c := *r
	c.Alarm = code
	return &c
}

// AuditCode is what the audit record says.
func (r *Refusal) AuditCode() string {
	if r.Code != "" {
		return r.Code
	}
	return r.Reason.String()
}

// Error is for logs, not for pages.
func (r *Refusal) Error() string {
	s := "bridge: refused: " + r.AuditCode()
	if r.Detail != "" {
		s += ": " + r.Detail
	}
	if r.Err != nil {
		s += ": " + r.Err.Error()
	}
	return s
}

// OurFault reports whether nobody was refused for anything of theirs: the hub failed, or its store.
func (r *Refusal) OurFault() bool { return r.Reason == Internal || r.Reason == Unavailable }

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// AsRefusal turns any error into a Refusal: itself if it is one, else Internal without detail.
func AsRefusal(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	if errors.Is(err, ErrUnavailable) {
		return &Refusal{Reason: Unavailable, Err: err}
	}
	return &Refusal{Reason: Internal, Err: err}
}
