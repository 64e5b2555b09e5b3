"""The processor's prefetch, for numba kernels: ask for memory now that will be read some hundred steps later."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

READ, KEEP, DATA = 0, 3, 1
"""The constants of ``llvm.prefetch``: for reading, into all caches, data rather than instructions."""


@intrinsic
def prefetch(_typing_context: Any, array: Any, index: Any) -> Any:  # noqa: ANN401 - numba's own types
    """Ask for the cache line of ``array[index]``; it changes nothing, and an index out of bounds does no harm."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ANN401
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte = ir.IntType(8).as_pointer()
        word = ir.IntType(32)
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, word, word, word]), name
        )
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        builder.call(function, [address, *(ir.Constant(word, n) for n in (READ, KEEP, DATA))])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
