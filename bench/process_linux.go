package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a child: a server under test, or the Redis server between them.
type process struct {
	name   string
	cmd    *exec.Cmd
	port   int
	admin  string // address of the admin server, if there is one
	output *os.File
	died   chan struct{} // closed when the child has ended
}

func (p *process) pid() int     { return p.cmd.Process.Pid }
func (p *process) addr() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

// launch starts a child and returns when it accepts connections on its port.
func (b *bench) launch(name string, port int, cmd *exec.Cmd) (*process, error) {
	output, err := os.Create(filepath.Join(b.dir, name+".log"))
	if err != nil {
		return nil, err
	}
	p := &process{name: name, cmd: cmd, port: port, output: output, died: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = output, output
	tie(cmd)
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), output.Close())
	}
	go func() { // ends with the child
		_ = cmd.Wait()
		close(p.died)
	}()
	for began := time.Now(); p.alive() == nil && time.Since(began) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", p.addr()); err == nil {
			return p, c.Close()
		}
	}
	return nil, errors.Join(p.failure("does not listen"), p.kill())
}

// tie makes the kernel end a child when this process ends, however that happens.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// failure is an error with the end of the child's output.
func (p *process) failure(what string) error {
	text, err := os.ReadFile(p.output.Name())
	if err != nil {
		return err
	}
	return fmt.Errorf("%s %s; its output: %s", p.name, what, text[max(len(text)-4096, 0):])
}

// kill ends the child at once; the bench does not measure how servers shut down.
func (p *process) kill() error {
	defer p.output.Close()
	_ = p.cmd.Process.Kill()
	select {
	case <-p.died:
		return nil
	case <-time.After(10 * time.Second):
		return fmt.Errorf("%s does not end", p.name)
	}
}

// alive is nil while the child runs.
func (p *process) alive() error {
	select {
	case <-p.died:
		return p.failure(fmt.Sprintf("died (%v)", p.cmd.ProcessState))
	default:
		return nil
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// nodes are the processes of one server under test.
type nodes []*process

func (n nodes) addrs() (addrs []string) {
	for _, p := range n {
		addrs = append(addrs, p.addr())
	}
	return addrs
}

func (n nodes) each(f func(p *process) error) error {
	var errs []error
	for _, p := range n {
		errs = append(errs, f(p))
	}
	return errors.Join(errs...)
}

func (n nodes) alive() error { return n.each((*process).alive) }
func (n nodes) kill() error  { return n.each((*process).kill) }

// rss is the resident memory of all nodes together, in KB.
func (n nodes) rss() (sum int64, err error) {
	err = n.each(func(p *process) error {
		kb, err := residentKB(p.pid())
		sum += kb
		return err
	})
	return sum, err
}

// peak is the most resident memory that the nodes have had, in KB.
func (n nodes) peak() (sum int64, err error) {
	err = n.each(func(p *process) error {
		kb, err := peakKB(p.pid())
		sum += kb
		return err
	})
	return sum, err
}

// cpu is the CPU time that all nodes together have used.
func (n nodes) cpu() (sum time.Duration, err error) {
	err = n.each(func(p *process) error {
		d, err := cpuTime(p.pid())
		sum += d
		return err
	})
	return sum, err
}
