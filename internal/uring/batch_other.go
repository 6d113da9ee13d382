//go:build !linux || !(amd64 || arm64)

package uring

import "errors"

// A Batch cannot be created on this system.
type Batch struct{}

// New returns errors.ErrUnsupported.
func New() (*Batch, error) { return nil, errors.ErrUnsupported }

func (*Batch) Close() {}

func (*Batch) Add(int, []byte) {}

func (*Batch) Send(func(i, n int, err error)) error { return errors.ErrUnsupported }
