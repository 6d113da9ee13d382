//go:build !unix

package fanout

// A directBatch is never added to: sessions have no descriptors here.
type directBatch struct{}

func (*directBatch) Add(int, []byte) {}

func (*directBatch) Send(func(i, n int, err error)) error { return nil }

func (*directBatch) Close() {}
