//go:build !unix

package fanout

// A directBatch does nothing: sessions have no descriptors on this system.
type directBatch struct{}

func (*directBatch) Add(int, []byte) {}

func (*directBatch) Send(func(i, n int, err error)) error { return nil }

func (*directBatch) Close() {}
