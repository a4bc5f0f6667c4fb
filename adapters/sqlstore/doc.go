// Package sqlstore keeps everything durable, in SQLite (one node) or PostgreSQL (several).
//
// One schema and one set of SQL serve both. All writes of a process go through one writer goroutine that
// takes whatever waits into one transaction (group commit): a disk flush is shared, and nobody is answered
// before it is done. Writers of different processes follow one another: SQLite by BEGIN IMMEDIATE,
// PostgreSQL by a lock on the row that holds the audit sequence. So a condition that was checked holds
// until the commit, and the sequence has no gaps.
//
// A group has two phases. First every request's conditions run, written so that a condition that does not
// hold changes no row. If all hold, the plain writes follow and the group is committed; if not, the
// transaction is rolled back and the group runs again without those that failed. Requests that touch the
// same record are never in one group, unless they leave it alone (shared) or leave the same in it (claims), so a
// request can only fail because of what is committed already.
//
// What this process has just read or written it need not read again: SQLite's engine keeps such rows in memory
// for as long as the header of the WAL index shows that nobody has written since (rowCache). PostgreSQL, where
// other nodes write all the time, has no such cache.
//
// Migrations are additive: an older program runs on a newer schema unless a migration says otherwise.
package sqlstore
