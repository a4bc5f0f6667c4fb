// Package storetest is the contract of the storage ports as tests, which every adapter runs: memory, SQLite
// and PostgreSQL. One file a port; All runs them all.
package storetest
