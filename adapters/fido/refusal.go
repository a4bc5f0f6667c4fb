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

// suspected is said to owner and thief alike, when a copy is noticed (key_clone) and ever after (key_suspected).
func suspected(code string) *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialRevoked, "There may be a copy of this security key, and it is not accepted until that is cleared up. Show it to your Registration Authority. Until then use a Smartcard, or another key.").WithCode(code)
}

// late is said of an answer that another one with the same key has overtaken.
func late() *bridge.Refusal {
	return bridge.Refuse(bridge.AuthenticationFailed, "This security key was used in another window in the meantime. Try again.").WithCode("key_overtaken")
}

func unfit(code string) *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialUntrusted, "This kind of security key is not accepted here. Ask your Registration Authority for one that is.").WithCode(code)
}

func modelWithdrawn() *bridge.Refusal {
	return bridge.Refuse(bridge.CredentialRevoked, "Keys of this model are not safe any more, and none is accepted. Use another way to sign in, or ask your Registration Authority for another key.").WithCode("key_model_withdrawn")
}

// notAccepted says why a key may not be enrolled, in words that help to bring the right one.
func notAccepted(ground, model string) *bridge.Refusal {
	if model == "" {
		model = "This key"
	}
	why := map[string]string{
		"synced":         "It may be copied to other devices, and only keys that stay in one are accepted here.",
		"unattested":     "It did not show what model it is, or not in a way that can be checked. If the browser asks whether the site may see it, allow that.",
		"unlisted":       "This model is not on the list of those that are accepted here.",
		"metadata_stale": "Whether its model is accepted cannot be checked at the moment.",
		"uncertified":    "This model is not certified to the level that is needed here.",
	}[ground]
	return bridge.Refuse(bridge.CredentialUntrusted, "%s was not registered. %s Ask your Registration Authority for one that is accepted.", model, why).WithCode("key_model_" + ground)
}
