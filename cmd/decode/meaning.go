package decode

// meanings are what names stand for, by RFC 7519, OpenID Connect Core, CIS2 and their extensions.
var meanings = map[string]string{
	"iss": "who issued it", "sub": "the person, as this client knows them", "aud": "who it is for", "azp": "the client it was issued to",
	"exp": "expires", "iat": "issued", "nbf": "not before", "jti": "its own id, used once", "auth_time": "when the person proved who they are",
	"nonce": "echo of the client's request", "acr": "class of the authentication that was asked for and met", "amr": "how the person authenticated",
	"at_hash": "binds the access token", "c_hash": "binds the code", "s_hash": "binds the state", "sid": "the session, as this client knows it",
	"auditTrackingId": "the session in the hub's record", "id_assurance_level": "how well the person's identity was proven, 0 to 3",
	"authentication_assurance_level": "level that the authentication reached", "selected_roleid": "role profile the person acts in; one of nhsid_nrbac_roles",
	"nhsid_nrbac_roles": "role profiles (CIS2 scope nationalrbacaccess)", "nhsid_useruid": "uid (CIS2 scope nhsperson)", "nhsid_user_orgs": "organisations (CIS2 scope associatedorgs)",
	"idassurancelevel": "how well the person's identity was proven (userinfo spells it so)", "uid": "uid (scope profile)",
	"seen": "when the agent last heard from the hub", "user": "session of the operating system, opaque", "certificate": "of the card in the reader",
	"events": "what happened", "cnf": "key that the token is bound to", "jkt": "thumbprint of the DPoP key", "scope": "what was granted", "client_id": "the client",
	"act": "who acts for the person (RFC 8693)", "htm": "method of the request it is for", "htu": "address of the request it is for", "ath": "hash of the access token",
	"alg": "signature algorithm", "kid": "which key signed", "typ": "kind of token", "jwk": "the public key itself", "crit": "extensions that must be understood",
	"code": "authorization code: opaque, used once, for the token endpoint", "state": "the client's own, echoed", "session_state": "for the session management frame",
	"error": "error code", "error_description": "text for the developer", "error_uri": "where it is documented",
	"access_token": "opaque to the client", "refresh_token": "opaque, used once", "token_type": "how the access token is sent", "expires_in": "seconds",
	"active": "whether the token is good now", "RelayState": "the service provider's own, echoed", "SigAlg": "algorithm of the query's signature", "Signature": "signature over the query as it was sent",
	"fhirUser": "FHIR resource of the person (scope fhirUser)", "patient": "id of the FHIR Patient in context", "encounter": "id of the FHIR Encounter in context",
	"fhirContext": "further FHIR resources in context", "need_patient_banner": "whether the app has to show the patient", "extensions": "ihe_iua: IHE IUA, ITI-71",
	"realm": "as CIS2 says it", "tokenName": "as CIS2 says it", "tokenType": "as CIS2 says it", "org.forgerock.openidconnect.ops": "opaque, as CIS2 says it",
}

func meaning(name string) string { return meanings[name] }

// errorMeanings are the codes that clients meet, and what usually causes them.
var errorMeanings = map[string]string{
	"invalid_request":                   "a parameter is missing, sent twice or malformed; error_description says which",
	"invalid_client":                    "the client could not be authenticated: unknown client_id, another method than the registered one, wrong secret or assertion (RFC 6749, 5.2)",
	"invalid_grant":                     "the code or token is unknown, expired, used already, of another client, or redirect_uri or code_verifier differ (RFC 6749, 5.2)",
	"unauthorized_client":               "the terms of this client do not allow this grant",
	"unsupported_grant_type":            "the hub does not know this grant_type",
	"unsupported_response_type":         "response_type must be code",
	"invalid_scope":                     "a scope is not allowed for this client",
	"access_denied":                     "the person may not use this app in any role, cancelled, or was refused",
	"login_required":                    "prompt=none, and nobody is signed in, or somebody else than the hint names",
	"interaction_required":              "prompt=none, and a page has to be shown, such as the choice of a role",
	"unmet_authentication_requirements": "none of the acr values asked for can be met",
	"invalid_token":                     "the access token is unknown, expired, revoked, or its session has ended (RFC 6750, 3.1)",
	"insufficient_scope":                "the access token lacks a scope (RFC 6750, 3.1)",
	"invalid_request_object":            "the request object is not signed as registered, expired or inconsistent (RFC 9101, 7)",
	"invalid_request_uri":               "the request URI is unknown, expired, used or of another client (RFC 9126)",
	"request_uri_not_supported":         "request_uri must be one that the pushed authorization request endpoint answered with",
	"invalid_dpop_proof":                "the DPoP proof is missing or wrong (RFC 9449, 5)",
	"use_dpop_nonce":                    "send the proof again with the nonce of the DPoP-Nonce header (RFC 9449, 8)",
	"invalid_target":                    "the resource or audience is not one this client may ask for (RFC 8707, 2)",
	"invalid_client_metadata":           "a member of the registration is not accepted (RFC 7591, 3.2.2)",
	"invalid_redirect_uri":              "a redirect URI of the registration is not accepted (RFC 7591, 3.2.2)",
	"authorization_pending":             "the person has not approved yet: ask again after the interval (RFC 8628, 3.5)",
	"slow_down":                         "asked too often: wait five seconds longer (RFC 8628, 3.5)",
	"expired_token":                     "the device code or auth_req_id has expired: begin anew",
	"temporarily_unavailable":           "the hub cannot answer just now, or the limit for strangers was reached: try again",
	"server_error":                      "the hub failed; its log has the reference",
	"unsupported_token_type":            "this kind of token cannot be revoked here",
	"unknown_user_id":                   "the hint names nobody who may sign in (CIBA, 13)",
	"invalid_binding_message":           "the binding message is too long or not plain text (CIBA, 13)",
	"registration_not_supported":        "the parameter registration is not supported",
	"request_not_supported":             "the parameter request is not supported for this client",
}

func errorMeaning(code string) string {
	if m := errorMeanings[code]; m != "" {
		return m
	}
	return "not a code that this hub sends"
}
