package trust

// ReservedClaim reports names that OpenID Connect gives a meaning of its own (RFC 7519, section 4.1; OIDC Core,
// section 2; what CIS2 adds). No release rule may speak in their place.
func ReservedClaim(name string) bool {
	switch name {
	case "iss", "sub", "aud", "azp", "exp", "iat", "nbf", "jti", "auth_time", "nonce", "acr", "amr", "at_hash", "c_hash", "s_hash", "sid",
		"events", "cnf", "act", "may_act", "scope", "client_id", "active", "token_type", "username", "id_assurance_level", "authentication_assurance_level",
		"patient", "encounter", "fhirContext", "extensions", "auditTrackingId", "realm", "tokenName", "tokenType", "org.forgerock.openidconnect.ops", "_claim_names", "_claim_sources":
		return true
	}
	return false
}
