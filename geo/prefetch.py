"""The processor's prefetch, for numba kernels: ask for memory now that will be read some hundred steps later."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

READ, KEEP, DATA = 0, 3, 1
"""The constants of ``llvm.prefetch``: for reading, into all caches, data rather than instructions."""


@intrinsic
def ask_for(_typing_context: Any, array: Any, _index: Any) -> Any:
    """Emit ``llvm.prefetch`` for the address of ``array[_index]``."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
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


prefetch = cast("Callable[[NDArray[Any], int | np.int64], None]", ask_for)
"""Ask for the cache line of ``array[index]``; it changes nothing, and an index out of bounds does no harm."""
