"""The people who work here, all of them or one department's."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from new_fastapi.dependencies import RowId, SessionDep, find
from new_fastapi.models import MAX_ID, Employee

router = APIRouter(prefix="/employees", tags=["employees"])

WITH_DEPARTMENT = joinedload(Employee.department)


class DepartmentOut(BaseModel):
    id: int
    name: str


class EmployeeOut(BaseModel):
    id: int
    name: str
    role: str
    department: DepartmentOut


@router.get("", response_model=list[EmployeeOut])
def list_employees(
    session: SessionDep, department: Annotated[int | None, Query(ge=-MAX_ID, le=MAX_ID)] = None
) -> Sequence[Employee]:
    query = select(Employee).order_by(Employee.id).options(WITH_DEPARTMENT)
    if department is not None:
        query = query.where(Employee.department_id == department)
    return session.scalars(query).all()


@router.get("/{employee_id}", response_model=EmployeeOut)
def read_employee(employee_id: RowId, session: SessionDep) -> Employee:
    return find(session, Employee, employee_id, WITH_DEPARTMENT)
