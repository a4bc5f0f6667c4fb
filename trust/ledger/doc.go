// Package ledger is the record of every access: the catalogue of audit events and their canonical form.
// Events are appended to a store with a sequence number that has no gaps; proof that nothing was
// altered (a Merkle log over the canonical bytes) attaches at Event.Canonical.
package ledger
