package adapter

// Subscribed tells whether the subscription stands at this moment: lines of
// other nodes arrive.
func (a *Adapter) Subscribed() bool {
	select {
	case <-a.out.gate():
		return true
	default:
		return false
	}
}

// WaitingBytes is how many bytes of Config.Buffer waiting lines take.
func (a *Adapter) WaitingBytes() int {
	a.buf.mu.Lock()
	defer a.buf.mu.Unlock()
	return a.buf.win.pending
}
