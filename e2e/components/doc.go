// Package components starts the real programs that the end-to-end tests
// drive: PostgreSQL, a Shibboleth SP, mod_auth_openidc, headless Chromium and
// the built hub itself, with a small PKI for servers and Smartcards.
//
// Every Start function takes a testing.TB, keeps everything in one temporary
// directory, listens on 127.0.0.1 or a Unix socket only, and registers a
// bounded clean-up that stops the whole process group. A missing program is
// fatal, never skipped: .ci/install-components installs them all. Tests that
// need one call [Gate] first, so that a plain `go test` stays quick;
// `make test` sets LANYARD_COMPONENTS=1.
//
// # Names
//
// Hosts under .localhost (RFC 6761 6.3) do not resolve through glibc
// everywhere. Chromium and libcurl resolve them on their own, and so shibd and
// mod_auth_openidc can call the hub by name; Go programs and curl's callers
// written in Go need [Client], whose dialler maps them to 127.0.0.1.
// /etc/hosts is never touched.
//
// # Trust
//
// Servers present certificates of a test [CA]. Chromium trusts the one it is
// given through its own NSS database, mod_auth_openidc through
// OIDCCABundlePath. shibd never checks TLS chains against a bundle: it trusts
// a back channel by the keys in verified metadata, or, with
// RequireTransportAuth unset, by the signature on the answer.
package components
