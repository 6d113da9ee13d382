package engine

import (
	"net/http"
	"net/netip"
)

// An Admission decides who may begin a session. Its methods may be called
// concurrently and must not block.
type Admission interface {
	// Admit is called for each handshake that is valid. It returns the reason to
	// refuse it, one that Admission documents: RefusedFull, RefusedAddressFull or
	// RefusedHandshakeRate; or "" to admit it. Then Release is called once with
	// from, after the session has ended or if it did not begin.
	Admit(r *http.Request) (from netip.Addr, refused RefuseReason)
	// Release ends what Admit began.
	Release(from netip.Addr)
}

// admitAll is the Admission that refuses nobody.
type admitAll struct{}

func (admitAll) Admit(*http.Request) (netip.Addr, RefuseReason) { return netip.Addr{}, "" }
func (admitAll) Release(netip.Addr)                             {}

// admit asks the Admission about a handshake and answers it if it is refused.
func (srv *Server) admit(w http.ResponseWriter, r *http.Request, upgrade bool) (from netip.Addr, admitted bool) {
	from, refused := srv.cfg.Admission.Admit(r)
	if refused != "" {
		srv.answerError(w, r, admissionErrors[refused], upgrade)
	}
	return from, refused == ""
}
