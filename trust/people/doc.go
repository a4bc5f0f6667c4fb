// Package people holds the persons of a trust, their registered role profiles and their authenticators,
// as the Registration Authority recorded them. It knows nothing of sessions or protocols.
//
// A role profile has opening and closing dates; what is closed does not exist for any issuance
// (RoleProfile.OpenAt is the one place that decides). An RBAC document says which activities a role profile has beside those
// that are assigned to it (RBAC.Effective).
package people
