package config

import (
	"net/netip"
	"net/url"
	"time"
)

// Config is the effective configuration. File names in it are absolute or
// relative to the working directory, never to the configuration file.
type Config struct {
	Version        int            `key:"version" required:"yes" doc:"Version of this file's format. This program knows 1."`
	Issuer         string         `key:"issuer" required:"yes" format:"issuer" doc:"Public address of the hub, an https URL of a host name: entity id and OIDC issuer grow from it, and its host is the WebAuthn relying party. http is allowed only for a host under .localhost."`
	Organisation   Organisation   `key:"organisation" doc:"Who runs this hub."`
	Listeners      Listeners      `key:"listeners" doc:"Where the hub listens."`
	TrustedProxies []netip.Prefix `key:"trusted_proxies" doc:"Networks of reverse proxies whose X-Forwarded-For and PROXY header are believed. From anyone else the former is ignored, and the latter ends the connection. For certificates of clients (client_cert: proxy) a proxy has to prove besides who it is."`
	Data           string         `key:"data" required:"yes" format:"path" doc:"Directory that holds the hub's state. Created with mode 0700 when absent."`
	Store          Store          `key:"store" doc:"Where durable state is kept."`
	Keys           Keys           `key:"keys" doc:"The hub's own keys."`
	Authenticators Authenticators `key:"authenticators" required:"yes" choice:"yes" doc:"Ways to sign in: a list of names, or a mapping from name to its settings. An authenticator that is not named is off."`
	Session        Session        `key:"session" doc:"How long a clinician stays signed in."`
	Emergency      Emergency      `key:"emergency" doc:"Emergency access (break-glass). Off unless it is enabled; then it reaches the partners whose terms allow it."`
	Workstation    Workstation    `key:"workstation" doc:"Computers whose agent the hub believes, as lanyard workstation registers them."`
	RBAC           RBAC           `key:"rbac" doc:"National RBAC Database."`
	SAML           SAML           `key:"saml" doc:"SAML 2.0 identity provider."`
	OIDC           OIDC           `key:"oidc" doc:"OpenID Connect provider."`
	Tickets        Tickets        `key:"tickets" doc:"Legacy Smartcard tickets."`
	Limits         Limits         `key:"limits" doc:"How much the hub takes on at one time, and what it does for strangers. Each process counts for itself."`
	Trace          Trace          `key:"trace" doc:"What is kept about each transaction for support, found by the reference on the error page."`
	Log            Log            `key:"log" doc:"The program's own log, on standard output."`
	Shutdown       Shutdown       `key:"shutdown" doc:"What happens on SIGTERM."`

	settings map[string]setting
}

// Organisation says who runs the hub.
type Organisation struct {
	Name      string `key:"name" required:"yes" doc:"Name shown on every page and in metadata."`
	ODS       string `key:"ods" required:"yes" format:"ods" doc:"ODS code of the organisation, shown beside its name on every page."`
	Help      string `key:"help" doc:"Whom to ask for help; printed on every error page."`
	RAContact string `key:"ra_contact" doc:"How to reach the Registration Authority; printed where a role or a credential is missing."`
	Scope     string `key:"scope" format:"host" derived:"host of issuer" doc:"Scope of scoped SAML attributes, published as shibmd:Scope."`
}

// Listeners are the sockets of the hub.
type Listeners struct {
	Public  PublicListener  `key:"public" doc:"What browsers and partners reach."`
	Card    CardListener    `key:"card" doc:"Where browsers present a Smartcard: mutual TLS, a fresh host name for every attempt. Used when the smartcard authenticator is on."`
	MTLS    MTLSListener    `key:"mtls" doc:"Where OIDC clients may show a certificate: to authenticate, and to have their tokens bound to it (RFC 8705). The same endpoints as on the public host, for clients alone. Off unless address is given."`
	Ticket  TicketListener  `key:"ticket" doc:"Mutual TLS for legacy callers that ask for role assertions. Off unless address is given."`
	Metrics MetricsListener `key:"metrics" doc:"/livez, /readyz and /metrics, without authentication: never reachable from outside."`
}

// PublicListener serves the issuer's host.
type PublicListener struct {
	Address       string `key:"address" default:":443" format:"address" doc:"host:port to listen on."`
	TLS           TLS    `key:"tls" doc:"Certificate of the issuer's host. Required unless the issuer is http."`
	ProxyProtocol bool   `key:"proxy_protocol" default:"false" doc:"Every connection begins with a PROXY header, version 1 or 2, that names the client, and comes from trusted_proxies; others are closed. Counts for the card and mtls listeners too where they share the socket."`
}

// CardListener serves the hosts of HostPattern. When Address equals the public
// one, both share a socket and SNI decides.
type CardListener struct {
	Address       string   `key:"address" format:"socket" derived:"listeners.public.address" doc:"host:port to listen on, or with client_cert: proxy unix:/PATH, a socket. When it is the public one, both share it and the host name in the TLS handshake decides."`
	PublicPort    int      `key:"public_port" min:"1" max:"65535" derived:"the issuer's where address is the public one or client_cert is proxy, else that of address" doc:"Port in the addresses of card hosts: where browsers reach them, which a proxy may move."`
	HostPattern   string   `key:"host_pattern" format:"wildcard" derived:"*.card.<host of issuer>" doc:"Host names of card sign-in: the star stands for one fresh random label per attempt. Needs a wildcard DNS entry."`
	TLS           TLS      `key:"tls" doc:"Wildcard certificate for host_pattern. The public one when absent."`
	ClientCA      string   `key:"client_ca" format:"file" doc:"PEM file with the certificates of the authorities that issue Smartcards. Required when the smartcard authenticator is on and authenticators.smartcard.authorities names none."`
	CRL           []string `key:"crl" format:"file" doc:"Files with certificate revocation lists (PEM or DER) of those authorities."`
	ClientCert    string   `key:"client_cert" default:"connection" enum:"connection proxy" doc:"Where the card's certificate is seen. proxy: TLS ends at a reverse proxy of trusted_proxies, which proves by proxy_cert or a unix socket who it is, takes the header Client-Cert out of every request it gets, passes the certificate on in it (RFC 9440), resumes no TLS session, and reaches the hub at an address that is not the public one. Nobody else gets through to this listener then."`
	ProxyCert     []string `key:"proxy_cert" format:"file" doc:"PEM files with the certificates by which the proxies of client_cert: proxy prove who they are; exactly these, whoever issued them and whatever their dates. Not needed where address is a unix socket."`
	ProxyProtocol bool     `key:"proxy_protocol" default:"false" doc:"As in listeners.public, for an address of its own."`
}

// MTLSListener is off while Address is empty. When Address equals the public
// one, both share a socket and SNI decides.
type MTLSListener struct {
	Address       string   `key:"address" format:"socket" doc:"host:port to listen on, or with client_cert: proxy unix:/PATH, a socket. When it is the public one, both share it and the host name in the TLS handshake decides."`
	URL           string   `key:"url" format:"issuer" derived:"https://mtls.<host of issuer>, at the issuer's port where address is the public one or client_cert is proxy, else that of address" doc:"Where clients reach these endpoints, as discovery tells them (mtls_endpoint_aliases): an https URL of a host of its own."`
	TLS           TLS      `key:"tls" doc:"Certificate of the host of url. The public one when absent."`
	ClientCA      string   `key:"client_ca" format:"file" doc:"PEM file with the authorities whose certificates clients authenticate with by tls_client_auth. Without it that method is not offered; certificates that a client registered itself (self_signed_tls_client_auth) and bound tokens need no authority."`
	ClientCert    string   `key:"client_cert" default:"connection" enum:"connection proxy" doc:"Where a client's certificate is seen: as in listeners.card."`
	ProxyCert     []string `key:"proxy_cert" format:"file" doc:"As in listeners.card."`
	ProxyProtocol bool     `key:"proxy_protocol" default:"false" doc:"As in listeners.public, for an address of its own."`
}

// TicketListener is off while Address is empty.
type TicketListener struct {
	Address       string `key:"address" format:"address" doc:"host:port to listen on."`
	TLS           TLS    `key:"tls" doc:"Server certificate. The public one when absent."`
	ClientCA      string `key:"client_ca" format:"file" doc:"PEM file with the authorities whose client certificates are accepted. Required when address is given."`
	ProxyProtocol bool   `key:"proxy_protocol" default:"false" doc:"As in listeners.public."`
}

// MetricsListener serves operators only.
type MetricsListener struct {
	Address string `key:"address" default:"127.0.0.1:9110" format:"address" doc:"host:port to listen on."`
}

// TLS names a certificate chain and its key, both PEM.
type TLS struct {
	Cert string `key:"cert" format:"file" doc:"PEM file with the certificate and its chain, leaf first."`
	Key  string `key:"key_file" format:"keyfile" doc:"PEM file with the private key; mode 0600."`
	CBC  bool   `key:"allow_cbc" default:"false" doc:"With TLS 1.2 accept cipher suites with AES in CBC mode too, for clients that know no better, such as Windows Server 2012 R2. RFC 9325 advises against them and FAPI 2.0 forbids them."`
}

// IsZero says whether no certificate is named.
func (t TLS) IsZero() bool { return t.Cert == "" && t.Key == "" }

// Store says where durable state is kept.
type Store struct {
	Driver        string `key:"driver" default:"sqlite" enum:"sqlite postgres" alias:"embedded=sqlite" doc:"sqlite (also called embedded) keeps everything in one file and serves one node; postgres serves several."`
	Path          string `key:"path" format:"path" derived:"<data>/lanyard.db" doc:"Database file of the sqlite driver."`
	DSN           Secret `key:"dsn" doc:"Connection string of the postgres driver. Holds a password: prefer dsn_file."`
	EncryptionKey string `key:"encryption_key_file" format:"newkeyfile" derived:"<data>/store.key" doc:"File with the key that pairwise identifiers, form tokens and session indexes are derived from; mode 0600. Created at the first start when absent. Back it up apart from the store: without it every pairwise identifier changes. The same for all nodes."`
}

// Keys names the hub's own keys.
type Keys struct {
	Signing    string `key:"signing_file" required:"yes" format:"keyfile" doc:"PEM file with the private keys that sign assertions and tokens, and their certificates; mode 0600."`
	Encryption string `key:"encryption_file" format:"keyfile" doc:"PEM file with the private RSA keys that SAML partners encrypt to, and their certificates; mode 0600, none of them in signing_file. Without it, what a partner encrypts is refused."`
	Signer     string `key:"signer" default:"auto" enum:"auto go openssl" doc:"What computes RSA signatures. openssl is the machine's OpenSSL 3 (libcrypto.so.3), several times faster at RSA-2048; it needs a program built with make build-openssl, and the hub does not start without it. auto takes it where it is at hand and works, and Go's own otherwise."`
}

// Authenticators are the ways to sign in.
type Authenticators struct {
	FIDO2     FIDO2     `key:"fido2" doc:"FIDO security keys, by WebAuthn."`
	Smartcard Smartcard `key:"smartcard" doc:"Smartcards, by mutual TLS on listeners.card."`
}

// FIDO2 is sign-in with a discoverable WebAuthn credential.
type FIDO2 struct {
	Enabled          bool
	UserVerification string   `key:"user_verification" default:"required" enum:"required" doc:"Whether the key must verify its owner by PIN or biometrics. This version always requires it."`
	Hints            []string `key:"hints" default:"security-key" enum:"security-key client-device hybrid" doc:"WebAuthn hints: the kinds of authenticator the browser should offer, first choice first; hybrid is a phone."`
	OnClone          string   `key:"on_clone" default:"refuse" enum:"refuse lower" doc:"When the counter of a key did not move on, so that there may be two of it: refuse the key until it is cleared or revoked, or accept it at assurance 2 at most. Both raise an alarm."`
	Discoverable     string   `key:"discoverable" default:"required" enum:"required preferred" doc:"Whether a key must find its own credential. preferred admits older and full keys that cannot: their owners type their staff number before they use the key. A list that the browser gets then tells the ids of a person's keys to whoever types the number, and made-up ones for everybody else."`
	Attestation      KeyModel `key:"attestation" doc:"Which models of key are accepted, and what they are worth."`
}

// KeyModel is the policy on models of FIDO keys.
type KeyModel struct {
	Mode          string        `key:"mode" default:"none" enum:"none listed certified" doc:"What a key must prove to sign in at assurance 3. none: nothing. listed: that it is of one of models. certified: that it is of one, or of a model that the FIDO Alliance certified to min_certification. A key that may be copied to other devices never counts more than 2."`
	Models        []string      `key:"models" format:"keymodel" doc:"Models by AAGUID, each with the assurance of its keys and, if wanted, a name."`
	Deny          []string      `key:"deny" format:"aaguid" doc:"AAGUIDs of models that are refused at the next use, whatever else is said of them."`
	Others        string        `key:"others" default:"refuse" enum:"refuse lower" doc:"With mode listed or certified, a new key that proves nothing, or may be copied: refuse to register it, or take it at assurance 2. Keys that were registered before are not refused, they count 2."`
	MinLevel      string        `key:"min_certification" default:"FIDO_CERTIFIED_L2" enum:"FIDO_CERTIFIED_L1 FIDO_CERTIFIED_L1plus FIDO_CERTIFIED_L2 FIDO_CERTIFIED_L2plus FIDO_CERTIFIED_L3 FIDO_CERTIFIED_L3plus" doc:"Certification that mode certified asks for."`
	Metadata      string        `key:"metadata" format:"path" doc:"File with the BLOB of the FIDO Metadata Service (MDS3). The hub follows it, and never fetches it."`
	MetadataRoots string        `key:"metadata_roots" format:"file" doc:"PEM file with the root certificates that the signature of the BLOB must lead to. Required with metadata."`
	MetadataHost  string        `key:"metadata_host" default:"mds.fidoalliance.org" format:"host" doc:"Name that the certificate which signed the BLOB must carry: the root has customers of every kind."`
	MaxAge        time.Duration `key:"max_age" default:"30d" min:"1d" max:"365d" doc:"How long the BLOB is believed after the day on which it announces the next one. What it withdraws stays withdrawn."`
	OnStale       string        `key:"on_stale" default:"lower" enum:"lower keep" doc:"What a certified key is worth while there is no BLOB to believe: assurance 2, or what it was worth when it was registered. Nobody is refused for it."`
	Withdraw      []string      `key:"withdraw" default:"REVOKED USER_VERIFICATION_BYPASS ATTESTATION_KEY_COMPROMISE USER_KEY_REMOTE_COMPROMISE USER_KEY_PHYSICAL_COMPROMISE" enum:"REVOKED USER_VERIFICATION_BYPASS ATTESTATION_KEY_COMPROMISE USER_KEY_REMOTE_COMPROMISE USER_KEY_PHYSICAL_COMPROMISE" doc:"Statuses in the BLOB for which a model is refused at the next use."`
	Roots         string        `key:"roots" format:"file" doc:"PEM file with authorities of attestation certificates beside those of the BLOB. Their certificates must name the model they are for."`
}

// Smartcard is sign-in with a client certificate.
type Smartcard struct {
	Enabled     bool
	Revocation  Revocation      `key:"revocation" doc:"How revoked cards of the authorities in listeners.card.client_ca are recognised."`
	EKU         []string        `key:"eku" default:"client_auth" format:"eku" doc:"Extended key usages a card certificate of the authorities in listeners.card.client_ca must carry, every one of them: client_auth, smartcard_logon, or dotted OIDs."`
	Authorities []CardAuthority `key:"authorities" named:"yes" doc:"Authorities that issue cards, each by a name of your own, with rules of its own. Beside them or instead of them listeners.card.client_ca may name authorities for which the rules in authenticators.smartcard hold."`
}

// Revocation says how a revoked card is recognised.
type Revocation struct {
	Mode          string        `key:"mode" default:"crl" enum:"crl off" doc:"crl checks against the lists in listeners.card.crl; off accepts revoked cards."`
	OnUnreachable string        `key:"on_unreachable" default:"deny" enum:"deny allow" doc:"What happens to a card whose authority has no usable list. allow is deprecated: it knows no end. Write authorities with revocation.stale and revocation.then instead."`
	MaxAge        time.Duration `key:"crl_max_age" default:"24h" min:"1m" doc:"How old a list may be, counted from its thisUpdate, whatever its nextUpdate says."`
	Running       string        `key:"running_sessions" default:"end" enum:"end keep" doc:"What a newer list that revokes a card does to sessions that began with it: end ends them and tells the apps, keep lets them go on to their limit."`
}

// CardAuthority is who issues cards, and what its cards are good for.
type CardAuthority struct {
	Name              string
	Certificates      string              `key:"certificate_file" required:"yes" format:"file" doc:"PEM file with the certificate of the issuing authority and of those above it. A path must end in one that no other of the file issued."`
	EKU               []string            `key:"eku" default:"client_auth" format:"eku" doc:"Extended key usages a card certificate must carry, every one of them: client_auth, smartcard_logon, or dotted OIDs."`
	Policies          []string            `key:"policies" format:"oid" doc:"Certificate policies of which a card must carry one, such as 2.16.840.1.101.3.2.1.3.13 for PIV authentication; the authorities above it but the root must carry it too, or anyPolicy. Without it no policy is asked for."`
	Keys              []string            `key:"keys" enum:"rsa ec" doc:"Kinds of keys that cards may have: rsa from 2048 bits, ec on P-256, P-384 or P-521. Both when absent."`
	ContentCommitment bool                `key:"content_commitment" default:"false" doc:"Accept cards whose one certificate is for signing in and for signing what is meant (contentCommitment, once nonRepudiation). A certificate for the latter alone never signs in."`
	Assurance         int                 `key:"assurance" default:"3" min:"1" max:"3" doc:"Assurance of a sign-in by a card that is known not to be revoked."`
	Identifier        CardIdentifier      `key:"identifier" doc:"Where the authority writes the number of the person, if cards that are not registered are to be accepted by it."`
	Ladder            AuthorityRevocation `key:"revocation" doc:"How revoked cards of the authority are recognised, and what happens while that cannot be told."`
}

// CardIdentifier says where a certificate names its holder.
type CardIdentifier struct {
	From   string `key:"from" default:"none" enum:"none subject san_other san_upn san_uri" doc:"The one place: an attribute of the subject or an otherName, both with their oid, a user principal name, or a URI. The certificate must have exactly one value there, of digits between prefix and suffix, and they must be the UID of an active person. The card is registered to the person when it is first used. none: cards are registered by the Registration Authority alone."`
	OID    string `key:"oid" format:"oid" doc:"Of the subject's attribute, or of the otherName."`
	Prefix string `key:"prefix" doc:"What stands in front of the digits, exactly."`
	Suffix string `key:"suffix" doc:"What stands behind the digits, exactly, such as the realm of a user principal name."`
}

// AuthorityRevocation is the ladder of one authority, and where its evidence comes from.
type AuthorityRevocation struct {
	Mode           string        `key:"mode" default:"crl" enum:"crl ocsp crl+ocsp off" doc:"What evidence counts: revocation lists, OCSP answers, or both, where a revocation by either counts and else the better of the two. off accepts revoked cards."`
	Files          []string      `key:"crl_files" format:"file" doc:"Files with lists and deltas (DER up to 200 MB, or PEM up to 32 MiB), looked at every 30 seconds."`
	Lists          []string      `key:"crl_url" format:"source_url" doc:"Where lists are fetched. Addresses inside of certificates are never asked. What was fetched is kept below data and serves a restart without network."`
	Deltas         []string      `key:"delta_url" format:"source_url" doc:"Where deltas to those lists are fetched."`
	Responder      string        `key:"ocsp_url" format:"source_url" doc:"OCSP responder, asked ahead of time about the cards that are registered and used here. A sign-in waits for it only with a card about which nothing is known (ocsp_wait)."`
	Wait           time.Duration `key:"ocsp_wait" default:"2s" min:"0s" max:"10s" doc:"How long a sign-in with a card about which nothing is known, such as one that was never seen here, may wait for ocsp_url. 0s: it is refused once and asked about meanwhile. A responder that did not answer is not waited for again for 30 seconds."`
	Every          time.Duration `key:"crl_every" default:"15m" min:"1m" max:"24h" doc:"How often crl_url and delta_url are asked."`
	Fresh          time.Duration `key:"fresh" default:"24h" min:"1m" doc:"Evidence within its own dates is fresh up to this age, counted from its thisUpdate, and gives the full assurance."`
	Stale          time.Duration `key:"stale" min:"1m" doc:"Evidence of up to this age is still permitted, at stale_assurance. At least fresh; without it only fresh evidence is."`
	StaleAssurance int           `key:"stale_assurance" default:"2" min:"1" max:"3" doc:"Assurance of a sign-in by stale evidence, at most."`
	Then           string        `key:"then" default:"deny" enum:"deny emergency" doc:"What happens to a card past that: deny refuses it, emergency lets it open emergency access and nothing else."`
	Running        string        `key:"running_sessions" default:"end" enum:"end keep" doc:"What a revocation of a card, by a newer list or answer, does to sessions that began with it: end ends them and tells the apps, keep lets them go on to their limit. Nothing new is opened with the card either way."`
}

// Session bounds a session in time.
type Session struct {
	Idle          time.Duration `key:"idle" default:"15m" min:"1m" doc:"A session unused for this long needs a new sign-in. It does not end: apps that were opened stay open."`
	Absolute      time.Duration `key:"absolute" default:"12h" min:"1m" max:"24h" doc:"A session ends this long after sign-in, used or not, and its apps are told."`
	OnCardRemoval string        `key:"on_card_removal" default:"logout" enum:"logout lock ignore" doc:"What becomes of a session whose card is reported to have left its reader, where neither the terms of its apps (session.on_card_removal) nor its workstation say: logout ends it and its apps are told, lock suspends it until its owner signs in again, ignore leaves it."`
	Resume        time.Duration `key:"resume" default:"30m" min:"1m" max:"12h" doc:"How long a suspended session waits for its owner. After that it ends; session.absolute ends it all the same."`
	SuspendedApps string        `key:"suspended_apps" default:"end" enum:"end keep" doc:"What becomes of the apps of a session when it is suspended: end tells them to sign out, keep leaves them open until somebody else signs in in that browser or the session ends."`
	Switch        string        `key:"switch" default:"end" enum:"end suspend" doc:"What becomes of a session when somebody else signs in in its browser. Its apps are told either way; suspend keeps its role for its owner to come back to."`
	Elsewhere     string        `key:"elsewhere" default:"keep" enum:"keep suspend end" doc:"What becomes of a session when its owner opens one at another workstation. Only sessions whose workstations are known by their agents count."`
}

// Emergency is emergency access.
type Emergency struct {
	Enabled   bool           `key:"enabled" default:"false" doc:"Let clinicians open emergency access: where the terms of an app refuse their role or assurance, or where it cannot be known whether their card was revoked and its policy says so. Every opening asks for a reason, is alerted and waits for a review."`
	Life      time.Duration  `key:"life" default:"30m" min:"1m" max:"4h" doc:"How long one opening lasts. Nothing that is issued under it lives longer."`
	Who       string         `key:"who" default:"roles.size()>0" doc:"CEL condition on the person (person, roles, role, session): who may open it."`
	Reasons   []string       `key:"reasons" format:"reason" derived:"life_at_risk, urgent_care and system_fault" doc:"Reasons to choose from, each as CODE=TEXT, such as \"life_at_risk=A patient's life is in danger\". The code goes into the record."`
	ACR       string         `key:"acr" default:"AAL2_EMERGENCY" format:"word" doc:"What a sign-in under emergency access is called in OpenID Connect (acr). No other sign-in is called so."`
	Class     string         `key:"class" default:"urn:lanyard:ac:classes:emergency" format:"uri" doc:"The same in SAML (AuthnContextClassRef) and in the role assertion of a ticket (AuthenticationMethod)."`
	Purpose   string         `key:"purpose_of_use" default:"urn:oid:2.16.756.5.30.1.127.3.10.5|EMER" doc:"Purpose of use (SYSTEM|CODE) in access tokens with the extension of IHE IUA that are issued under emergency access."`
	KeepNotes time.Duration  `key:"keep_notes" default:"0s" min:"0s" doc:"For how long after its review the words of person and reviewer about an opening are kept, such as 8760h; 0s: for good. That it was opened, by whom and how it was reviewed stays in any case."`
	Alert     EmergencyAlert `key:"alert" doc:"Who is told at once. Every opening is in the record and in the log in any case."`
}

// EmergencyAlert is where openings are alerted.
type EmergencyAlert struct {
	URL   string `key:"url" format:"uri" doc:"https address that gets a POST of JSON for every opening: the reference of the alert and the time, and nothing of the person, the patient or the app. Tried again until it answers 2xx."`
	Token Secret `key:"token" doc:"Bearer token to send along."`
}

// Workstation says what the agents of workstations may do.
type Workstation struct {
	Agent    bool          `key:"agent" default:"false" doc:"Answer the agents of workstations: card sign-in without mutual TLS, removal of cards, offline proofs. The sign-in page then looks for an agent on its own computer, at http://127.0.0.1."`
	Presence string        `key:"presence" default:"optional" enum:"optional required" doc:"Whether a card sign-in through an agent must be vouched for by a registered workstation. optional: a session may be at no known workstation."`
	Tap      bool          `key:"tap" default:"true" doc:"Start the card sign-in at once when a card is put into the reader while the hub's first page or sign-in page is open."`
	Offline  time.Duration `key:"offline" default:"30m" min:"0s" max:"12h" doc:"For how long an agent may make offline proofs about sessions at its side after it last heard from the hub; 0s: it makes none."`
	Silence  time.Duration `key:"silence" default:"5m" min:"0s" max:"1h" doc:"For how long the agent beside a card session may be silent before on_silence holds; 1m at least, 0s: for ever. Only time in which this node of the hub hears other agents counts, and nothing is done while more than a few are silent at once."`
	OnSilent string        `key:"on_silence" default:"lock" enum:"lock removal" doc:"What becomes of a card session whose agent is silent: lock suspends it until its owner signs in again, and leaves it where the removal of its card would be ignored; removal does what the removal of its card does."`
}

// RBAC names the document by which effective activities are worked out.
type RBAC struct {
	File string `key:"file" format:"file" doc:"RBAC document (YAML): the baseline activities of job roles, and which activities include which. Looked at every 30 seconds; a mistake in it leaves the last good one in force. Without it no effective activities are released, and no condition on them holds."`
}

// SAML tunes the SAML 2.0 identity provider.
type SAML struct {
	ClockSkew      time.Duration `key:"clock_skew" default:"3m" min:"1s" max:"5m" doc:"Tolerance between the hub's clock and a partner's."`
	Sign           string        `key:"sign" default:"rsa-sha256" enum:"rsa-sha256 rsa-sha384 rsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512" doc:"Signature algorithm for partners whose terms (saml.algorithm) and metadata name none. A key of this kind must be in keys.signing_file; keys of this kind come first in the metadata."`
	Encrypt        string        `key:"encrypt" default:"when-key-present" enum:"when-key-present required-by-terms" doc:"For partners whose terms do not say (saml.encrypt): when-key-present encrypts if they have an encryption key, required-by-terms does not."`
	RequestLife    time.Duration `key:"request_life" default:"5m" min:"30s" max:"1h" doc:"How old a request may be, and how long its ID is remembered against replay."`
	SignedRequests bool          `key:"signed_requests" default:"false" doc:"true refuses unsigned sign-on requests of every partner, and says so in the metadata (WantAuthnRequestsSigned): software that reads it signs by itself, and publishes the key for it."`
	Refuse         []string      `key:"refuse_algorithms" enum:"rsa-sha256 rsa-sha384 rsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 aes128-gcm aes192-gcm aes256-gcm aes128-cbc aes192-cbc aes256-cbc rsa-oaep rsa-oaep-mgf1p ecdh-es" doc:"Algorithms of signatures and encryption that are neither made nor taken nor published, whatever terms and metadata of partners say. MD5, SHA-1, DSA, HMAC and RSA 1.5 need not be named: they are not known here. Partners whose terms or metadata leave nothing else are not served."`
	Contexts       []string      `key:"contexts" format:"context" doc:"Authentication context classes beside the standard ones, or stricter meanings of those: a class, then AAL1 to AAL3, IAL1 to IAL3, a method (CIS2_SMARTCARD or FIDO2) and rank=N, parted by spaces."`
	Metadata       SAMLMetadata  `key:"metadata" doc:"What the hub's own SAML metadata says beside keys and addresses. A text or URL in a language is written LANGUAGE=TEXT, such as \"en=Example Hospital\"."`
}

// SAMLMetadata is what the hub's own metadata says for people and federations.
type SAMLMetadata struct {
	Life                time.Duration    `key:"life" default:"7d" min:"1d" max:"30d" doc:"How long a copy of the metadata is valid (validUntil). It is signed anew when half of that is over."`
	DisplayNames        []string         `key:"display_name" format:"localized" derived:"organisation.name, in English" doc:"Name of the hub as discovery pages show it, once a language."`
	Descriptions        []string         `key:"description" format:"localized" doc:"What the hub is for, in a sentence, once a language."`
	Keywords            []string         `key:"keywords" format:"localized" doc:"Words to find the hub by, parted by spaces, once a language; + stands for a space within a keyword."`
	InformationURLs     []string         `key:"information_url" format:"localized_url" doc:"Page about the hub, once a language."`
	PrivacyURLs         []string         `key:"privacy_url" format:"localized_url" doc:"Privacy statement, once a language."`
	Logos               []string         `key:"logo" format:"logo" doc:"Logos, each with its size in pixels: \"80x60 https://trust.example/logo.png\", with \"cy=\" in front if it is for one language."`
	OrganisationNames   []string         `key:"organisation_name" format:"localized" derived:"organisation.name, in English" doc:"Name of the organisation, once a language."`
	OrganisationURLs    []string         `key:"organisation_url" format:"localized_url" derived:"issuer, in English" doc:"Home page of the organisation, once a language."`
	Contacts            SAMLContacts     `key:"contacts" doc:"Whom partners can write to: lists of \"Name <address>\"."`
	Hints               SAMLHints        `key:"hints" doc:"By what discovery services may guess that people belong here."`
	Assurance           []string         `key:"assurance" format:"uri" doc:"Assurance certifications that the organisation has, such as https://refeds.org/sirtfi. Only what is true: the hub cannot check it."`
	EntityCategories    []string         `key:"entity_category" format:"uri" doc:"Entity categories of the hub itself, such as http://refeds.org/category/hide-from-discovery."`
	SupportedCategories []string         `key:"entity_category_support" format:"uri" doc:"Entity categories of partners whose needs the terms here meet, such as https://refeds.org/category/personalized."`
	Attributes          []string         `key:"attributes" format:"attribute" doc:"Attributes that partners may be told, by their names: \"NAME\" or \"NAME FRIENDLYNAME\". Terms decide who is told what."`
	Registration        SAMLRegistration `key:"registration" doc:"Who registered the hub in a federation (mdrpi:RegistrationInfo). Left out without an authority."`
	Publisher           string           `key:"publisher" format:"uri" doc:"Who publishes this copy (mdrpi:PublicationInfo), as a URI. Left out without one."`
}

// SAMLContacts are the contacts in the hub's own metadata.
type SAMLContacts struct {
	Technical      []string `key:"technical" format:"mailbox" doc:"For questions about the connection."`
	Support        []string `key:"support" format:"mailbox" doc:"For people with a problem."`
	Administrative []string `key:"administrative" format:"mailbox" doc:"For contracts and policy."`
	Billing        []string `key:"billing" format:"mailbox" doc:"For money."`
	Other          []string `key:"other" format:"mailbox" doc:"For anything else."`
	Security       []string `key:"security" format:"mailbox" doc:"For security incidents (REFEDS security contact); Sirtfi needs one."`
}

// SAMLHints are mdui:DiscoHints.
type SAMLHints struct {
	Networks  []netip.Prefix `key:"networks" doc:"Networks of the organisation's workstations."`
	Domains   []string       `key:"domains" format:"host" doc:"DNS domains of the organisation."`
	Locations []string       `key:"locations" format:"geo" doc:"Where its buildings are, as geo: URIs (RFC 5870)."`
}

// SAMLRegistration is mdrpi:RegistrationInfo.
type SAMLRegistration struct {
	Authority string   `key:"authority" format:"uri" doc:"URI of the registrar."`
	Instant   string   `key:"instant" format:"instant" doc:"When that was, such as 2026-11-01T09:00:00Z."`
	Policies  []string `key:"policy" format:"localized_url" doc:"Registration practice statement, once a language."`
}

// OIDC tunes the OpenID provider.
type OIDC struct {
	IDTokenLife      time.Duration `key:"id_token_life" default:"10m" min:"1m" max:"24h" doc:"Life of an ID token."`
	AccessTokenLife  time.Duration `key:"access_token_life" default:"10m" min:"1m" max:"24h" doc:"Life of an access token."`
	RefreshTokenLife time.Duration `key:"refresh_token_life" default:"12h" min:"1m" max:"24h" doc:"Life of a refresh token. It never outlives its session."`
	CodeLife         time.Duration `key:"code_life" default:"60s" min:"10s" max:"10m" doc:"Life of an authorization code."`
	PARLife          time.Duration `key:"par_life" default:"90s" min:"10s" max:"9m59s" doc:"How long a sign-on may begin with a request URI of a pushed authorization request (RFC 9126)."`
	RequirePAR       bool          `key:"require_par" default:"false" doc:"Take pushed authorization requests only, of every client."`
	DPoPNonce        bool          `key:"dpop_nonce" default:"false" doc:"Demand a fresh nonce of the hub in every DPoP proof (RFC 9449, section 8), of every client. Clients have to try a first request twice."`
	RequirePKCE      bool          `key:"require_pkce" default:"true" doc:"Refuse authorization requests without an S256 code challenge (RFC 7636). Clients of the profile cis2 are asked by their own terms alone."`
	ResponseTypes    []string      `key:"response_types" default:"code" enum:"code|id_token|id_token token|code id_token|code token|code id_token token|none" doc:"What apps may ask the authorization endpoint for, each if its terms name it too (OpenID Connect Core 1.0, section 3). code is always offered. All others but none put tokens into the browser, and those with token an access token, which RFC 9700, section 2.1.2, advises against."`
	Device           Device        `key:"device" doc:"Devices that a person approves elsewhere (RFC 8628). Wrong codes are counted by each process for itself."`
	CIBA             CIBA          `key:"ciba" doc:"Apps that wait until a person approves on a device of their own (CIBA). How often they ask is counted by each process for itself."`
	CIS2             CIS2          `key:"cis2" doc:"A second issuer that looks as NHS Care Identity Service 2 does, for the clients of the profile cis2."`
	Registration     Registration  `key:"registration" doc:"Clients that register themselves."`
}

// Device bounds the waiting of a device.
type Device struct {
	Life time.Duration `key:"life" default:"10m" min:"1m" max:"30m" doc:"How long a device code and its user code are good for: as long somebody may be talked into typing the code of a device that is not theirs."`
}

// CIBA bounds the waiting of an app.
type CIBA struct {
	Life    time.Duration `key:"life" default:"5m" min:"30s" max:"30m" doc:"How long a request waits for its person, if the app does not say."`
	Longest time.Duration `key:"longest_life" default:"10m" min:"30s" max:"30m" doc:"The longest that an app may ask for (requested_expiry). What is longer is cut to this."`
}

// Registration says how OIDC clients register themselves.
type Registration struct {
	Mode             string `key:"mode" default:"off" enum:"off token open" doc:"Who may register a client (OpenID Connect Dynamic Client Registration 1.0, RFC 7591). off: nobody. token: holders of an invitation, as lanyard partner invite makes them. open: anybody; such a client is a draft, which is not answered, until an administrator looks at it or the template says otherwise."`
	Template         string `key:"template_file" format:"file" doc:"What such a client may have: a partner document without the client's own facts. Without it that is a pairwise identifier and the scope openid."`
	Clients          int    `key:"clients" default:"100" min:"1" max:"10000" doc:"How many clients that registered themselves there may be, those that were made live since not counted."`
	Hourly           int    `key:"hourly" default:"20" min:"0" max:"10000" doc:"How many may register in an hour without an invitation; 0: any number. Each process counts for itself."`
	PrivateAddresses bool   `key:"private_addresses" default:"false" doc:"Reach addresses inside the hospital's network (RFC 1918 and the like) also where only such a client names them: its keys, its sector, its back-channel logout."`
}

// CIS2 is the issuer of the CIS2 face.
type CIS2 struct {
	Path    string `key:"path" format:"urlpath" doc:"Path of that issuer below the hub's own, such as /openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare. Without it there is no such issuer."`
	Port443 bool   `key:"port_443" default:"true" doc:"Write the default port into that issuer and its endpoints, as CIS2 does. Clients compare them as text."`
}

// Tickets tunes legacy Smartcard tickets.
type Tickets struct {
	Enabled bool          `key:"enabled" default:"true" doc:"Issue legacy tickets."`
	Life    time.Duration `key:"life" default:"10h" min:"1m" max:"24h" doc:"Life of a ticket. It never outlives its session."`
	Agent   TicketAgent   `key:"agent" doc:"The field's Smartcard agents, which sign people in at a Spine-compatible broker and are given tickets."`
}

// TicketAgent tunes the protocol of Smartcard agents.
type TicketAgent struct {
	Enabled     bool           `key:"enabled" default:"false" doc:"Answer agents. Needs the smartcard authenticator."`
	Hosts       []string       `key:"hosts" format:"host" doc:"Host names that agents and applications call instead of the national broker, at the issuer's port. The certificate of listeners.public must name them. Without any, agents call the issuer's host."`
	SessionLife time.Duration  `key:"session_life" default:"10h" min:"1m" max:"24h" doc:"How long an agent's ticket works. It never outlives its session."`
	Networks    []netip.Prefix `key:"networks" doc:"Networks that agents call from. Without any, from everywhere."`
	SHA1        bool           `key:"sha1_challenges" default:"false" doc:"Accept challenges that a card signed over a SHA-1 digest, as old agents do. Only for as long as such agents are in use."`
}

// Limits bound what is done at one time, and for strangers.
type Limits struct {
	Work        int           `key:"in_work" min:"1" max:"100000" derived:"32 for each processor" doc:"Requests in work at one time. More wait for their turn; sign-ins in progress go first."`
	Waiting     int           `key:"waiting" min:"1" max:"1000000" derived:"16 times in_work" doc:"Requests that may wait. Beyond that they are answered 503 at once."`
	Wait        time.Duration `key:"wait" default:"1s" min:"10ms" max:"20s" doc:"How long a request may wait before it is answered 503. When there has been a queue for this long, new sign-ons may wait for a tenth of it only."`
	PeerRate    int           `key:"peer_rate" default:"50" min:"0" max:"1000000" doc:"New sign-ons a second, in the long run, from one IPv4 address or IPv6 /64 without a session; refusals count too. Beyond that the answer is 429. Browsers with a session are not limited. 0 switches the limit off. Behind a reverse proxy set trusted_proxies, or everybody is one peer."`
	PeerBurst   int           `key:"peer_burst" default:"1000" min:"1" max:"1000000" doc:"How many of them may come at once."`
	Pending     int           `key:"pending" default:"50000" min:"1" max:"10000000" doc:"Sign-ons that may be in progress in all. Each takes about 2 KB of the store for ten minutes."`
	PeerPending int           `key:"peer_pending" default:"2000" min:"1" max:"10000000" doc:"Sign-ons that may be in progress from one IPv4 address or IPv6 /64."`
}

// Trace says what is kept about each transaction.
type Trace struct {
	Mode string        `key:"mode" default:"redacted" enum:"redacted off" doc:"redacted keeps what was exchanged with names, identifiers and tokens blanked; off keeps nothing."`
	Keep time.Duration `key:"keep" default:"24h" min:"1m" doc:"How long a trace is kept."`
}

// Log tunes the program's own log.
type Log struct {
	Format string `key:"format" default:"json" enum:"json text" doc:"json writes one object a line; text is for people."`
	Level  string `key:"level" default:"info" enum:"debug info warn error" doc:"The least serious event that is logged."`
}

// Shutdown says how the hub stops.
type Shutdown struct {
	DrainDelay time.Duration `key:"drain_delay" default:"0s" min:"0s" max:"10m" doc:"How long /readyz answers 503 before the listeners close, so that a load balancer can look away."`
	Timeout    time.Duration `key:"timeout" default:"20s" min:"1s" max:"10m" doc:"How long requests in flight may take to finish after that."`
}

// Host is the issuer's host name, without port: the WebAuthn relying party id.
// It is empty when Issuer is not a URL.
func (c Config) Host() string {
	u, err := url.Parse(c.Issuer)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Insecure says whether the issuer is plain http, which only a trial may be.
func (c Config) Insecure() bool {
	u, err := url.Parse(c.Issuer)
	return err == nil && u.Scheme == "http"
}
