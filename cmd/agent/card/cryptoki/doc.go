// Package cryptoki calls PKCS#11 middleware (OASIS PKCS#11 2.40; lists of version 3 begin the same way) without a C compiler: the
// functions that the agent needs of it, and no others (ADR 0021).
//
//	layout.go   where the fields of C's structures lie: one table for Linux and macOS, one for Windows
//	list.go     which functions a module has, and where
//	module.go   a module: slots, tokens, the wait for an event
//	session.go  a session: login, objects, one signature
//	loan.go     what C gets pointers to
//	code.go     the numbers of the standard that are used here
//	native_*.go how each operating system loads a library and calls a function
//
// A module is code of others in this process, and nothing here can stop it from doing what it likes. What it answers is not trusted all
// the same: counts and lengths are bounded before anything is made or read by them.
//
// Memory that C sees is memory of Go's heap, pinned for the length of a call; no module keeps a pointer beyond that. A PIN is handed
// over where it lies: this package makes no copy of it.
package cryptoki
