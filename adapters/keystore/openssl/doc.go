// Package openssl signs with the machine's OpenSSL 3 instead of Go's own RSA, which costs three to four times as much
// for a key of 2048 bits where the processor has AVX-512 (ADR 0013).
//
// It loads libcrypto.so.3 into the process, without cgo, and only when built with the tag openssl: such a program is
// linked with the C library, while the program without the tag stays static and runs anywhere. Only RSA is here; Go's
// P-256 is fast enough. Every signature is checked by Go's RSA before it is handed out, so that neither a fault of the
// processor nor one of the library lets a signature out that would give the key away.
package openssl
