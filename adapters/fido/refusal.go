package fido

import "github.com/lanyard-hub/lanyard/bridge"

// refuse is the answer to every failed verification: one sentence for the person, a fine code for the record
// (which answer is not an oracle of what an attacker still has to get right).
func refuse(code string) *bridge.Refusal {
	return bridge.Refuse(bridge.AuthenticationFailed, "Your security key's answer could not be accepted. Try again; if it happens again, use another way to sign in.").WithCode(code)
}

func unknown() *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialUnknown, "This security key is not registered here. Use another key, or ask your Registration Authority to register it.").WithCode("key_unknown")
}

func withdrawn() *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialRevoked, "This security key was withdrawn. Use another way to sign in, or ask your Registration Authority for a new key.").WithCode("key_revoked")
}

func expired() *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialExpired, "The registration of this security key has ended. Ask your Registration Authority to renew it.").WithCode("key_expired")
}

func registered() *bridge.Refusal {
	return bridge.Refuse(bridge.AuthenticationFailed, "This security key is registered already. Use another key.").WithCode("key_registered")
}

func unfit(code string) *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialUntrusted, "This kind of security key is not accepted here. Ask your Registration Authority for one that is.").WithCode(code)
}
