// Package access says who may read and write the agent's files, and makes files that are for its user alone: by modes on Unix, by
// access lists on Windows.
//
//	access_unix.go      modes and owners
//	access_windows.go   access lists: the user, the system and the administrators, and nobody else
package access
