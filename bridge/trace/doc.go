// Package trace keeps what happened in a transaction, redacted, so that the reference a user reads out
// explains it: `lanyard trace show 7K4M-2Q9X`. It is an aid for support, not evidence; the ledger is.
package trace
