// Package keystore reads and writes the hub's own secrets in files: the private keys that sign, with their
// certificates, and the key that seals what the store holds. Every file must be readable by its owner alone.
//
// Keys that never leave a hardware module will come from here too; for now a key is a block in a PEM file.
package keystore
