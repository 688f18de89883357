package shell

import "context"

// Life runs a shell until the server has the device erased. start gets an Env
// whose Ctx ends then; over follows on the UI goroutine.
func Life(env *Env, start func(*Env), over func()) {
	ctx, cancel := context.WithCancel(env.Ctx)
	inner := *env
	inner.Ctx = ctx
	look := func() {
		if _, ok := env.Link.Identity(); ok {
			return
		}
		env.Do(func() {
			if ctx.Err() == nil {
				cancel()
				if inner.scanning != nil {
					inner.scanning.Close() // its page is gone
				}
				over()
			}
		})
	}
	context.AfterFunc(ctx, env.Link.Notify(look))
	start(&inner)
	look() // it may have been erased meanwhile
}
