// Package trust is why anyone should believe anything: which partners are approved, on which terms.
//
// A Partner is read from a Document (YAML, what an administrator writes) and, for SAML, from metadata.
// Documents are compiled when they are proposed: every CEL expression is type-checked by Compile, so
// nothing can fail to compile at issuance. Registry holds the compiled partners as immutable go-memdb
// snapshots fed from a PartnerStore; a request works on one snapshot from beginning to end.
package trust
