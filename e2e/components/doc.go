// Package components starts the real programs that the end-to-end tests
// drive: PostgreSQL, a Shibboleth SP, mod_auth_openidc, headless Chromium,
// xmlsec1 and the built hub itself, with a small PKI for servers and
// Smartcards.
//
//	StartPostgres       postgres.go    a server with an empty data directory
//	StartShibbolethSP   shibboleth.go  Apache httpd, mod_shib and shibd
//	StartOpenIDC        openidc.go     Apache httpd and mod_auth_openidc
//	StartBrowser        browser.go     Chromium; steps in step.go, keys in securitykey.go, cards in nss.go
//	Start, Run, Build   process.go     any program, the hub for one
//	NewSoftHSM          softhsm.go     a token in software behind PKCS#11
//	StartPCSC           pcsc.go        pcscd and a virtual reader; the card is in virtualcard
//	StartWine           wine.go        a Windows with an empty drive, for programs that are built for it
//	NewCA               ca.go, leaf.go certificates, cards, revocation lists
//	VerifyXML, SignXML  xmlsec1.go     a second opinion on signatures
//	Client, Get, Post   client.go      a browser's HTTP without the browser
//
// Every Start function takes a testing.TB, keeps everything in one temporary
// directory, listens on 127.0.0.1 or a Unix socket only, and registers a
// bounded clean-up that stops the whole process group; logs are printed when
// the test fails. A missing program is fatal, never skipped:
// .ci/install-components installs them all. Tests that need one call [Gate]
// first, so that a plain `go test` stays quick; `make test` sets
// LANYARD_COMPONENTS=1. Chromium's policy for client certificates needs root.
//
// # Names
//
// Hosts under .localhost (RFC 6761 6.3) do not resolve through glibc
// everywhere. Chromium and libcurl resolve them on their own, and so shibd and
// mod_auth_openidc can call the hub by name; programs written in Go need a
// dialler that maps them to 127.0.0.1, as [DialLocalhost] does. /etc/hosts is
// never touched.
//
// # Trust
//
// Servers present certificates of a test [CA]. Chromium is told to trust it
// through its own NSS database, mod_auth_openidc through OIDCCABundlePath, a
// Go program through SSL_CERT_FILE. shibd checks no chain: it fetches metadata
// over any TLS, because the signature is what counts, and trusts a back
// channel by the TLS keys in verified metadata or, as started here, by the
// signature on the answer (requireTransportAuth="false").
package components
